package template

import (
	"errors"
	"fmt"
	"html"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/osteele/liquid/render"
)

// maxItems bounds the lists that filters make.
const maxItems = 10_000

// filter makes a value of a value. args has at least as many entries as the filter asks for.
type filter func(v any, args []any) (any, error)

// filters adds the filters of Liquid and the two of the hosted service, to_json and a date in its own time zone.
func (r *rendering) filters(c *render.Config) {
	add := func(name string, needs int, f filter) {
		c.AddFilter(name, func(v any, args ...any) (any, error) {
			if len(args) < needs {
				return nil, fmt.Errorf("%s needs a value behind its colon", name)
			}
			work := size(v) + 16
			for _, arg := range args {
				work += size(arg)
			}
			if err := r.spend(work); err != nil {
				return nil, err
			}
			out, err := f(v, args)
			if err != nil {
				return nil, err
			}
			if s, ok := out.(string); ok && len(s) > maxValue {
				return nil, errFull
			}
			return out, r.spend(size(out))
		})
	}
	addText(add)
	addNumbers(add)
	addLists(add)
	add(show, 0, func(v any, _ []any) (any, error) { return text(v) })
	for _, name := range []string{"to_json", "json"} {
		add(name, 0, func(v any, _ []any) (any, error) { return toJSON(v) })
	}
	add("date", 0, func(v any, args []any) (any, error) { return r.date(v, args) })
	add("default", 1, func(v any, args []any) (any, error) {
		if list, ok := v.([]any); v == nil || v == false || v == "" || ok && len(list) == 0 {
			return args[0], nil
		}
		return v, nil
	})
	add("size", 0, func(v any, _ []any) (any, error) {
		if s, ok := v.(string); ok {
			return utf8.RuneCountInString(s), nil
		}
		n, _ := sequence(v)
		return n, nil
	})
	add("slice", 1, cutOut)
}

// size is what a value costs to look at, not counting what lists and objects hold.
func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return 16 * len(v)
	case map[string]any:
		return 32 * len(v)
	}
	return 8
}

type adder func(name string, needs int, f filter)

// onText makes a filter of a function of texts; all of its arguments are read as text.
func onText(f func(s string, args []string) (string, error)) filter {
	return func(v any, args []any) (any, error) {
		s, err := text(v)
		if err != nil {
			return nil, err
		}
		texts := make([]string, len(args))
		for i, arg := range args {
			if texts[i], err = text(arg); err != nil {
				return nil, err
			}
		}
		return f(s, texts)
	}
}

func plain(f func(string) string) filter {
	return onText(func(s string, _ []string) (string, error) { return f(s), nil })
}

var (
	htmlTag    = regexp.MustCompile(`(?s)<script.*?</script>|<!--.*?-->|<style.*?</style>|<[^>]*>`)
	htmlEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")
	lineBreaks = strings.NewReplacer("\r\n", "<br />\n", "\n", "<br />\n")
	noBreaks   = strings.NewReplacer("\r", "", "\n", "")
)

const blanks = " \t\r\n\v\f"

func addText(add adder) {
	add("append", 1, onText(func(s string, a []string) (string, error) { return s + a[0], nil }))
	add("prepend", 1, onText(func(s string, a []string) (string, error) { return a[0] + s, nil }))
	add("capitalize", 0, plain(func(s string) string {
		_, n := utf8.DecodeRuneInString(s)
		return strings.ToUpper(s[:n]) + strings.ToLower(s[n:])
	}))
	add("downcase", 0, plain(strings.ToLower))
	add("upcase", 0, plain(strings.ToUpper))
	add("escape", 0, plain(htmlEscape.Replace))
	add("escape_once", 0, plain(func(s string) string { return htmlEscape.Replace(html.UnescapeString(s)) }))
	add("strip", 0, plain(func(s string) string { return strings.Trim(s, blanks) }))
	add("lstrip", 0, plain(func(s string) string { return strings.TrimLeft(s, blanks) }))
	add("rstrip", 0, plain(func(s string) string { return strings.TrimRight(s, blanks) }))
	add("strip_html", 0, plain(func(s string) string { return htmlTag.ReplaceAllString(s, "") }))
	add("strip_newlines", 0, plain(noBreaks.Replace))
	add("newline_to_br", 0, plain(lineBreaks.Replace))
	add("url_encode", 0, plain(url.QueryEscape))
	add("url_decode", 0, onText(func(s string, _ []string) (string, error) { return url.QueryUnescape(s) }))
	add("replace", 1, onText(func(s string, a []string) (string, error) { return replace(s, a, -1) }))
	add("replace_first", 1, onText(func(s string, a []string) (string, error) { return replace(s, a, 1) }))
	add("remove", 1, onText(func(s string, a []string) (string, error) { return replace(s, a[:1], -1) }))
	add("remove_first", 1, onText(func(s string, a []string) (string, error) { return replace(s, a[:1], 1) }))
	add("truncate", 0, truncate)
	add("truncatewords", 0, truncateWords)
	add("split", 1, onTextList(func(s, by string) []string {
		if by == " " {
			return strings.Fields(s)
		}
		parts := strings.SplitN(s, by, maxItems+1)
		for len(parts) > 0 && parts[len(parts)-1] == "" {
			parts = parts[:len(parts)-1]
		}
		return parts
	}))
}

// replace is bounded before it makes anything.
func replace(s string, args []string, times int) (string, error) {
	with := ""
	if len(args) > 1 {
		with = args[1]
	}
	n := strings.Count(s, args[0])
	if times >= 0 {
		n = min(n, times)
	}
	if len(s)+n*(len(with)-len(args[0])) > maxValue {
		return "", errFull
	}
	return strings.Replace(s, args[0], with, times), nil
}

func onTextList(f func(s, arg string) []string) filter {
	return func(v any, args []any) (any, error) {
		s, err := text(v)
		if err != nil {
			return nil, err
		}
		arg, err := text(args[0])
		if err != nil {
			return nil, err
		}
		parts := f(s, arg)
		if len(parts) > maxItems {
			return nil, errFull
		}
		list := make([]any, len(parts))
		for i, part := range parts {
			list[i] = part
		}
		return list, nil
	}
}

func truncate(v any, args []any) (any, error) {
	s, err := text(v)
	if err != nil {
		return nil, err
	}
	n, end, err := shortened(args, 50)
	if err != nil {
		return nil, err
	}
	if runes := []rune(s); len(runes) > n {
		return string(runes[:max(0, n-utf8.RuneCountInString(end))]) + end, nil
	}
	return s, nil
}

func truncateWords(v any, args []any) (any, error) {
	s, err := text(v)
	if err != nil {
		return nil, err
	}
	n, end, err := shortened(args, 15)
	if err != nil {
		return nil, err
	}
	if words := strings.Fields(s); len(words) > max(n, 1) {
		return strings.Join(words[:max(n, 1)], " ") + end, nil
	}
	return s, nil
}

// shortened reads the arguments of the two filters that shorten.
func shortened(args []any, length int) (n int, end string, err error) {
	n, end = length, "..."
	if len(args) > 0 {
		ok := false
		if n, ok = integer(args[0]); !ok {
			return 0, "", errors.New("the length must be a whole number")
		}
	}
	if len(args) > 1 {
		end, err = text(args[1])
	}
	return max(n, 0), end, err
}

// cutOut is slice: from a position, which counts from the end below 0, one or more characters or items.
func cutOut(v any, args []any) (any, error) {
	from, ok := integer(args[0])
	length := 1
	if len(args) > 1 && ok {
		length, ok = integer(args[1])
	}
	if !ok {
		return nil, errors.New("slice needs whole numbers")
	}
	bounds := func(n int) (int, int) {
		if from < 0 {
			from += n
		}
		if from < 0 || from > n || length < 0 {
			return 0, 0
		}
		return from, from + min(length, n-from)
	}
	if list, ok := v.([]any); ok {
		a, b := bounds(len(list))
		return slices.Clone(list[a:b]), nil
	}
	s, err := text(v)
	if err != nil {
		return nil, err
	}
	runes := []rune(s)
	a, b := bounds(len(runes))
	return string(runes[a:b]), nil
}

func addNumbers(add adder) {
	// two computes with whole numbers where both are and the result fits, else with floating point.
	two := func(ints func(a, b int) (int, bool), floats func(a, b float64) float64) filter {
		return func(v any, args []any) (any, error) {
			a, isA := number(v).(int)
			b, isB := number(args[0]).(int)
			if isA && isB {
				if n, ok := ints(a, b); ok {
					return n, nil
				}
			}
			return floats(float(v), float(args[0])), nil
		}
	}
	const fits = 1 << 53
	small := func(n int) bool { return -fits < n && n < fits }
	add("plus", 1, two(func(a, b int) (int, bool) { return a + b, small(a) && small(b) }, func(a, b float64) float64 { return a + b }))
	add("minus", 1, two(func(a, b int) (int, bool) { return a - b, small(a) && small(b) }, func(a, b float64) float64 { return a - b }))
	add("times", 1, two(func(a, b int) (int, bool) { return a * b, math.Abs(float64(a)*float64(b)) < fits }, func(a, b float64) float64 { return a * b }))
	add("at_least", 1, two(func(a, b int) (int, bool) { return max(a, b), true }, math.Max))
	add("at_most", 1, two(func(a, b int) (int, bool) { return min(a, b), true }, math.Min))
	add("divided_by", 1, func(v any, args []any) (any, error) {
		a, isA := number(v).(int)
		b, isB := number(args[0]).(int)
		if isA && isB && b != 0 {
			return int(math.Floor(float64(a) / float64(b))), nil
		}
		if float(args[0]) == 0 {
			return nil, errors.New("divided by 0")
		}
		return float(v) / float(args[0]), nil
	})
	add("modulo", 1, func(v any, args []any) (any, error) {
		b := float(args[0])
		if b == 0 {
			return nil, errors.New("divided by 0")
		}
		a := float(v)
		return whole(a - b*math.Floor(a/b)), nil
	})
	add("abs", 0, func(v any, _ []any) (any, error) { return whole(math.Abs(float(v))), nil })
	add("ceil", 0, func(v any, _ []any) (any, error) { return whole(math.Ceil(float(v))), nil })
	add("floor", 0, func(v any, _ []any) (any, error) { return whole(math.Floor(float(v))), nil })
	add("round", 0, func(v any, args []any) (any, error) {
		places := 0
		if len(args) > 0 {
			places, _ = integer(args[0])
		}
		scale := math.Pow10(min(max(places, 0), 15))
		return whole(math.Round(float(v)*scale) / scale), nil
	})
}
