package query

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/internal/core"
)

type kind uint8

const (
	atEnd    kind = iota
	path          // of members, without the leading data
	constant      // a text, a number, true, false or null
	operator      // a comparison, AND or OR
	mark          // one of ( ) [ ] ,
)

type token struct {
	kind  kind
	at    int // offset in bytes
	text  string
	path  []string
	value any
	op    op
}

// symbols are the operators that are no words.
var symbols = [...]struct {
	text string
	op   op
}{{"==", opEqual}, {"!=", opNotEqual}, {"&&", opAnd}, {"||", opOr}}

// words are the operators in letters, in any case.
var words = map[string]op{
	"AND": opAnd, "OR": opOr, "IN": opIn, "NOT_IN": opNotIn, "CONTAINS": opContains, "NOT_CONTAINS": opNotContains,
}

// lexer cuts a text into tokens.
type lexer struct {
	text string
	pos  int
}

func fault(at int, format string, args ...any) error {
	e := core.Ef(core.CodeSyncQuery, "Invalid query: "+format, args...)
	e.Message += " at byte " + strconv.Itoa(at)
	return e
}

// next returns the next token; after the last it goes on returning one of the kind atEnd.
func (l *lexer) next() (token, error) {
	for l.pos < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.pos]) >= 0 {
		l.pos++
	}
	at, rest := l.pos, l.text[l.pos:]
	if rest == "" {
		return token{kind: atEnd, at: at, text: "the end"}, nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, s.text) {
			l.pos += len(s.text)
			return token{kind: operator, at: at, text: s.text, op: s.op}, nil
		}
	}
	switch c := rest[0]; {
	case strings.IndexByte("()[],", c) >= 0:
		l.pos++
		return token{kind: mark, at: at, text: rest[:1]}, nil
	case c == '"' || c == '\'':
		return l.quoted(c)
	case c == '-' || '0' <= c && c <= '9':
		return l.number()
	case letter(c):
		return l.word()
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return token{}, fault(at, "unexpected %q", r)
}

// quoted reads a text as JSON writes it, or the same within single quotes.
func (l *lexer) quoted(quote byte) (token, error) {
	at := l.pos
	for i := at + 1; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case quote:
			l.pos = i + 1
			return token{kind: constant, at: at, text: l.text[at:l.pos], value: unquote(l.text[at+1:i], quote)}, nil
		}
	}
	return token{}, fault(at, "a text without its closing %c", quote)
}

// unquote takes a character after a backslash that JSON does not know as it is.
func unquote(s string, quote byte) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var text string
	if quote == '"' && json.Unmarshal([]byte(`"`+s+`"`), &text) == nil {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func (l *lexer) number() (token, error) {
	at := l.pos
	for l.pos < len(l.text) && strings.IndexByte("+-.0123456789eE", l.text[l.pos]) >= 0 {
		l.pos++
	}
	text := l.text[at:l.pos]
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !json.Valid([]byte(text)) {
		return token{}, fault(at, "%q is not a number", clip(text))
	}
	return token{kind: constant, at: at, text: text, value: n}, nil
}

// word reads an operator, a constant or a path. Keys of attributes may hold hyphens.
func (l *lexer) word() (token, error) {
	at := l.pos
	for l.pos < len(l.text) && (letter(l.text[l.pos]) || strings.IndexByte("0123456789.-", l.text[l.pos]) >= 0) {
		l.pos++
	}
	text := l.text[at:l.pos]
	if op, ok := words[strings.ToUpper(text)]; ok {
		return token{kind: operator, at: at, text: text, op: op}, nil
	}
	switch strings.ToLower(text) {
	case "true", "false":
		return token{kind: constant, at: at, text: text, value: strings.EqualFold(text, "true")}, nil
	case "null":
		return token{kind: constant, at: at, text: text}, nil
	}
	keys := strings.Split(text, ".")
	if keys[0] != "data" || len(keys) == 1 {
		return token{}, fault(at, "%q is no member of data, such as data.attributes.full_name", clip(text))
	}
	for _, k := range keys {
		if k == "" {
			return token{}, fault(at, "%q lacks a key beside a dot", clip(text))
		}
	}
	return token{kind: path, at: at, text: text, path: keys[1:]}, nil
}

// letter takes every byte of a character outside of ASCII for a letter.
func letter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$' || c >= utf8.RuneSelf
}

// clip bounds what is echoed.
func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), 64)], "") }
