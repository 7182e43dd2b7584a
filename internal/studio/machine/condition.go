package machine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/internal/studio/definition"
)

// compare says whether a condition holds (taskrouter-studio B.3). Letter case and outer blanks do not count.
func compare(kind, input, value string) (bool, error) {
	if kind == "regex" {
		pattern, err := definition.CompilePattern(value)
		if err != nil {
			return false, err
		}
		return pattern.MatchString(strings.TrimSpace(input)), nil
	}
	a, b := strings.ToLower(strings.TrimSpace(input)), strings.ToLower(strings.TrimSpace(value))
	switch kind {
	case "equal_to":
		return a == b, nil
	case "not_equal_to":
		return a != b, nil
	case "matches_any_of":
		return anyOf(a, b), nil
	case "does_not_match_any_of":
		return !anyOf(a, b), nil
	case "contains":
		return strings.Contains(a, b), nil
	case "does_not_contain":
		return !strings.Contains(a, b), nil
	case "starts_with":
		return strings.HasPrefix(a, b), nil
	case "does_not_start_with":
		return !strings.HasPrefix(a, b), nil
	case "is_blank":
		return a == "", nil
	case "is_not_blank":
		return a != "", nil
	case "less_than", "greater_than":
		x, y, ok := both(a, b, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
		return ok && (kind == "less_than" && x < y || kind == "greater_than" && x > y), nil
	case "is_before_time", "is_after_time":
		return ordered(kind == "is_before_time", a, b, "15:04"), nil
	case "is_before_date", "is_after_date":
		return ordered(kind == "is_before_date", a, b, time.DateOnly), nil
	}
	return false, fmt.Errorf("%q is unknown", clip(kind))
}

// anyOf looks for a text in a list with commas.
func anyOf(a, list string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(one string) bool { return strings.TrimSpace(one) == a })
}

// ordered compares two times of day or dates; what is none is neither before nor after.
func ordered(before bool, a, b, layout string) bool {
	x, y, ok := both(a, b, func(s string) (time.Time, error) { return time.Parse(layout, s) })
	return ok && (before && x.Before(y) || !before && x.After(y))
}

func both[T any](a, b string, read func(string) (T, error)) (x, y T, ok bool) {
	x, errX := read(a)
	y, errY := read(b)
	return x, y, errX == nil && errY == nil
}
