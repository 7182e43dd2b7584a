package template

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// defaultDate is how a date is written when the filter names no format.
const defaultDate = "%Y-%m-%d %H:%M:%S %z"

// date writes a moment in the zone of the settings: of "now" and "today", of seconds since 1970, or of a date in one of the usual forms.
func (r *rendering) date(v any, args []any) (any, error) {
	format := defaultDate
	if len(args) > 0 {
		s, ok := args[0].(string)
		if !ok {
			return nil, errors.New("the format of a date must be text")
		}
		if s != "" {
			format = s
		}
	}
	t, ok := r.moment(v)
	if !ok {
		return v, nil // as Liquid: what is no date stays as it is
	}
	out := &limited{max: maxValue}
	if err := writeDate(out, format, t.In(r.settings.Zone)); err != nil {
		return nil, err
	}
	return out.String(), nil
}

func (r *rendering) moment(v any) (time.Time, bool) {
	switch v := v.(type) {
	case int:
		return unix(int64(v))
	case int64:
		return unix(v)
	case float64:
		return unix(int64(v))
	case string:
		s := strings.TrimSpace(v)
		switch strings.ToLower(s) {
		case "now", "today":
			return r.now, true
		case "":
			return time.Time{}, false
		}
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return unix(n)
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04",
			"2006-01-02T15:04", "2006-01-02", time.RFC1123Z, time.RFC1123, time.ANSIC, "January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006",
			"01/02/2006", "15:04:05", "15:04"} {
			if t, err := time.ParseInLocation(layout, s, r.settings.Zone); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// unix refuses what no calendar has.
func unix(n int64) (time.Time, bool) {
	const year9999 = 253402300799
	return time.Unix(n, 0), -year9999 < n && n <= year9999
}

// writeDate writes a date by a format of strftime. A flag "-" takes the leading zero off.
func writeDate(out *limited, format string, t time.Time) error {
	for format != "" {
		i := strings.IndexByte(format, '%')
		if i < 0 || i == len(format)-1 {
			_, err := out.WriteString(format)
			return err
		}
		part := format[:i]
		format = format[i+1:]
		flag := byte(0)
		if strings.IndexByte("-^_0", format[0]) >= 0 && len(format) > 1 {
			flag, format = format[0], format[1:]
		}
		s := datePart(format[0], t)
		switch flag {
		case '-':
			s = strings.TrimLeft(s[:len(s)-1], "0 ") + s[len(s)-1:]
		case '^':
			s = strings.ToUpper(s)
		case '_':
			for i := 0; i < len(s)-1 && s[i] == '0'; i++ {
				s = s[:i] + " " + s[i+1:]
			}
		}
		format = format[1:]
		if _, err := out.WriteString(part + s); err != nil {
			return err
		}
	}
	return nil
}

// datePart writes one conversion of strftime; an unknown one stays as it was written.
func datePart(c byte, t time.Time) string {
	if layout, ok := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'L': ".000", 'p': "PM", 'P': "pm",
		'A': "Monday", 'a': "Mon", 'B': "January", 'b': "Jan", 'h': "Jan", 'z': "-0700", 'Z': "MST", 'j': "002",
		'F': "2006-01-02", 'D': "01/02/06", 'x': "01/02/06", 'T': "15:04:05", 'X': "15:04:05", 'R': "15:04", 'r': "03:04:05 PM",
		'c': "Mon Jan _2 15:04:05 2006",
	}[c]; ok {
		return strings.TrimPrefix(t.Format(layout), ".")
	}
	switch c {
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	case 'k':
		return fmt.Sprintf("%2d", t.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1)
	case 's':
		return strconv.FormatInt(t.Unix(), 10)
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1)
	case 'w':
		return strconv.Itoa(int(t.Weekday()))
	case 'G':
		year, _ := t.ISOWeek()
		return strconv.Itoa(year)
	case 'V':
		_, week := t.ISOWeek()
		return fmt.Sprintf("%02d", week)
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '%':
		return "%"
	}
	return "%" + string(rune(c))
}
