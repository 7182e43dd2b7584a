package template

import (
	"strings"
)

// show is the filter at the end of every {{ }}: it prints values as people of flows expect them.
const show = "_show"

// normalise brings a template into the form that the library reads as authors meant it: blanks around dots are gone
// (flow.variables. name), a tag stands on one line, values are shown by our filter, and loops and captures are our blocks.
// Lines keep their numbers.
func normalise(source string) (string, *Error) {
	var b strings.Builder
	line := 1
	for {
		i := nextTag(source)
		if i < 0 {
			b.WriteString(source)
			return b.String(), nil
		}
		b.WriteString(source[:i])
		line += strings.Count(source[:i], "\n")
		object := source[i+1] == '{'
		end := strings.Index(source[i+2:], map[bool]string{true: "}}", false: "%}"}[object])
		if end < 0 {
			return "", &Error{Line: line, Message: map[bool]string{true: "{{ has no }}", false: "{% has no %}"}[object]}
		}
		body := source[i+2 : i+2+end]
		source = source[i+2+end+2:]
		line += strings.Count(body, "\n")
		if object {
			writeObject(&b, body)
			continue
		}
		name := writeTag(&b, body)
		if name != "raw" && name != "comment" {
			continue
		}
		rest := endOf(source, name)
		if rest < 0 {
			return "", &Error{Line: line, Message: "{% " + name + " %} has no {% end" + name + " %}"}
		}
		if name == "raw" {
			b.WriteString(source[:rest])
		} else {
			b.WriteString(strings.Repeat("\n", strings.Count(source[:rest], "\n")))
		}
		line += strings.Count(source[:rest], "\n")
		source = source[rest:]
	}
}

// nextTag finds the next {{ or {%.
func nextTag(s string) int {
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '{')
		if i < 0 || at+i+1 >= len(s) {
			return -1
		}
		if at += i; s[at+1] == '{' || s[at+1] == '%' {
			return at
		}
		at++
	}
}

// endOf finds the tag that ends a block whose content is not read.
func endOf(s, name string) int {
	for at := 0; ; {
		i := strings.Index(s[at:], "{%")
		if i < 0 {
			return -1
		}
		at += i
		if end := strings.Index(s[at:], "%}"); end > 0 && strings.TrimSpace(strings.Trim(s[at+2:at+end], "-")) == "end"+name {
			return at
		}
		at += 2
	}
}

// trims takes the hyphens off that trim blanks.
func trims(body string) (inner, left, right string) {
	if strings.HasPrefix(body, "-") {
		body, left = body[1:], "-"
	}
	if strings.HasSuffix(body, "-") {
		body, right = body[:len(body)-1], "-"
	}
	return strings.TrimSpace(body), left, right
}

func writeObject(b *strings.Builder, body string) {
	lines := strings.Repeat("\n", strings.Count(body, "\n"))
	inner, left, right := trims(body)
	if inner == "" {
		inner = `""`
	}
	b.WriteString("{{" + left + lines + " " + expression(inner) + " | " + show + " " + right + "}}")
}

// writeTag writes a tag and returns its name.
func writeTag(b *strings.Builder, body string) string {
	lines := strings.Repeat("\n", strings.Count(body, "\n"))
	inner, left, right := trims(body)
	name := inner
	if i := strings.IndexFunc(inner, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }); i >= 0 {
		name = inner[:i]
	}
	args := strings.TrimSpace(inner[len(name):])
	ours := name
	switch name {
	case "for", "capture", "break", "continue", "tablerow": // the last stays undefined: it makes HTML, and loops without a limit
		ours = "_" + name
	case "endfor", "endcapture":
		ours = "end_" + strings.TrimPrefix(name, "end")
	}
	b.WriteString("{%" + left + lines + ours)
	if args != "" {
		b.WriteString(" " + expression(args))
	}
	b.WriteString(" " + right + "%}")
	return name
}

// expression removes the blanks around dots, and breaks of lines, outside of quotes.
func expression(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\'':
			end := closing(s[i:])
			b.WriteString(quoted(s[i : i+end]))
			i += end - 1
		case blank(c):
			j := i
			for j < len(s) && blank(s[j]) {
				j++
			}
			if !(j < len(s) && dot(s, j)) && !dot(s, i-1) {
				b.WriteByte(' ')
			}
			i = j - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// closing is where the quoted text at the start of s ends. In double quotes the library knows a backslash.
func closing(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == '\\' && s[0] == '"' {
			i++
		} else if s[i] == s[0] {
			return i + 1
		}
	}
	return len(s)
}

// quoted writes a quoted text on one line, which the library can do between double quotes only.
func quoted(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	if s[0] == '\'' {
		s = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(strings.Trim(s, "'")) + `"`
	}
	return strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(s)
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// dot reports whether the byte at i is a dot that joins names: not one of two, as in (1..3).
func dot(s string, i int) bool {
	return i > 0 && s[i] == '.' && s[i-1] != '.' && (i+1 >= len(s) || s[i+1] != '.')
}
