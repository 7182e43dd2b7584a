package expr

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SyntaxError says why a text is no expression.
type SyntaxError struct {
	Offset  int // of the place, in bytes from 0
	Column  int // of the place, in characters from 1
	Message string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Message) }

type kind uint8

const (
	atEnd    kind = iota
	constant      // a text, a number, true, false, null
	path
	operator // a comparison
	word     // AND, OR, NOT
	mark     // one of ( ) [ ] ,
)

type token struct {
	kind  kind
	at    int    // offset
	text  string // as written; a word in capitals
	value any    // of a constant
	path  []string
	op    op
}

// lexer cuts a text into tokens.
type lexer struct {
	text string
	pos  int
}

func (l *lexer) fault(at int, format string, args ...any) error {
	return &SyntaxError{Offset: at, Column: column(l.text, at), Message: fmt.Sprintf(format, args...)}
}

// column turns an offset in bytes into a column in characters.
func column(text string, offset int) int { return utf8.RuneCountInString(text[:offset]) + 1 }

// symbols has the longer of two that begin alike first.
var symbols = [...]struct {
	text string
	op   op
}{
	{"==", opEqual}, {"!=", opNotEqual}, {">=", opGreaterEqual}, {"<=", opLessEqual}, {">-", opHas}, {"<-", opIn},
	{"=", opEqual}, {">", opGreater}, {"<", opLess},
}

// foreign are operators of other languages, with what this one has for them.
var foreign = [...]struct{ text, instead string }{
	{"&&", "AND"}, {"||", "OR"}, {"!", "!=, or NOT IN for lists"}, {"“", "straight quotes"}, {"”", "straight quotes"},
	{"‘", "straight quotes"}, {"’", "straight quotes"},
}

// next returns the next token; after the last it goes on returning one of the kind atEnd.
func (l *lexer) next() (token, error) {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n\v\f", l.text[l.pos]) >= 0 {
		l.pos++
	}
	at, rest := l.pos, l.text[l.pos:]
	if rest == "" {
		return token{kind: atEnd, at: at}, nil
	}
	switch c := rest[0]; {
	case strings.IndexByte("()[],", c) >= 0:
		l.pos++
		return token{kind: mark, at: at, text: rest[:1]}, nil
	case c == '\'' || c == '"':
		return l.quoted(c)
	case isDigit(c) || c == '-' && len(rest) > 1 && isDigit(rest[1]):
		return l.number()
	}
	if wordLength(rest, false) > 0 {
		return l.word()
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s.text) {
			l.pos += len(s.text)
			return token{kind: operator, at: at, text: s.text, op: s.op}, nil
		}
	}
	for _, f := range foreign {
		if strings.HasPrefix(rest, f.text) {
			return token{}, l.fault(at, "unexpected %q: use %s", f.text, f.instead)
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, l.fault(at, "unexpected %q", r)
}

// quoted reads a text; a backslash takes the character after it as it is.
func (l *lexer) quoted(quote byte) (token, error) {
	at := l.pos
	escaped := false
	for i := at + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			escaped = true
			i++
		case quote:
			l.pos = i + 1
			raw := l.text[at:l.pos]
			value := raw[1 : len(raw)-1]
			if escaped {
				value = unescape(value)
			}
			return token{kind: constant, at: at, text: raw, value: value}, nil
		}
	}
	return token{}, l.fault(at, "the text that begins here has no closing %c", quote)
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func (l *lexer) number() (token, error) {
	at, end := l.pos, l.pos+1
	end += digits(l.text[end:])
	if n := digits(l.text[min(end+1, len(l.text)):]); n > 0 && l.text[end] == '.' {
		end += 1 + n
	}
	if n := wordLength(l.text[end:], false); n > 0 {
		return token{}, l.fault(at, "%q is neither a number nor a key: a key begins with a letter, _ or $", l.text[at:end+n])
	}
	l.pos = end
	value, err := strconv.ParseFloat(l.text[at:end], 64)
	if err != nil {
		return token{}, l.fault(at, "the number is too large")
	}
	return token{kind: constant, at: at, text: l.text[at:end], value: value}, nil
}

// word reads a keyword or a path. Keywords are taken in any case of letters, and not as the first part of a longer path.
func (l *lexer) word() (token, error) {
	at := l.pos
	first := l.text[at : at+wordLength(l.text[at:], false)]
	l.pos += len(first)
	if l.pos == len(l.text) || l.text[l.pos] != '.' {
		if t, ok := keyword(first); ok {
			t.at = at
			return t, nil
		}
	}
	keys := []string{first}
	for l.pos < len(l.text) {
		rest := l.text[l.pos:]
		n := 0
		switch rest[0] {
		case '.':
			n = 1 + wordLength(rest[1:], true)
			if n == 1 {
				return token{}, l.fault(l.pos, "a key is missing after the dot")
			}
			keys = append(keys, rest[1:n])
		case '[':
			n = 2 + digits(rest[1:])
			if n == 2 || n > len(rest) || rest[n-1] != ']' {
				return token{}, l.fault(l.pos, "an index is digits within [ and ]")
			}
			keys = append(keys, rest[:n])
		}
		if n == 0 {
			break
		}
		l.pos += n
	}
	return token{kind: path, at: at, text: l.text[at:l.pos], path: keys}, nil
}

func keyword(s string) (token, bool) {
	switch upper := strings.ToUpper(s); upper {
	case "AND", "OR", "NOT":
		return token{kind: word, text: upper}, true
	case "IN":
		return token{kind: operator, text: upper, op: opIn}, true
	case "HAS":
		return token{kind: operator, text: upper, op: opHas}, true
	case "CONTAINS":
		return token{kind: operator, text: upper, op: opContains}, true
	case "TRUE", "FALSE":
		return token{kind: constant, text: s, value: upper == "TRUE"}, true
	case "NULL":
		return token{kind: constant, text: s}, true
	}
	return token{}, false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits counts the digits with which s begins.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// wordLength returns how many bytes of s are a key; inside a path it may begin with a digit.
func wordLength(s string, inside bool) int {
	for i, r := range s {
		switch {
		case r == '_' || r == '$' || unicode.IsLetter(r):
		case (i > 0 || inside) && unicode.IsDigit(r):
		default:
			return i
		}
	}
	return len(s)
}
