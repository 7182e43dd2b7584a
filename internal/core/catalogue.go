package core

import (
	_ "embed" // the catalogue
	"encoding/json"
	"sync"
)

//go:embed errors.json
var cataloguedErrors []byte

// Area is a part of the catalogue, such as the codes of access tokens.
type Area struct {
	Name   string  `json:"area"`
	Errors []Entry `json:"errors"`
}

// Entry is what is known about a code. Codes, statuses and titles are those of the published list (rest-semantics §2.5), where a status
// that the list does not give is derived by rule: 404 not found, 409 exists, 403 limits and permissions, 429 rate, 400 the rest.
type Entry struct {
	Code   int    `json:"code"`
	Status int    `json:"status"`
	Title  string `json:"title"`
	Cause  string `json:"cause"` // what it means
	Do     string `json:"do"`    // what helps against it
	Never  string `json:"never"` // why Parley never answers it; "" for codes that it does
}

// Catalogue returns all codes by area, in their order. It must not be changed.
func Catalogue() []Area { return catalogue().areas }

// Lookup finds a code.
func Lookup(code int) (Entry, bool) {
	e, ok := catalogue().byCode[code]
	return e, ok
}

type index struct {
	areas  []Area
	byCode map[int]Entry
}

// catalogue reads the embedded file, once.
var catalogue = sync.OnceValue(func() index {
	c := index{byCode: map[int]Entry{}}
	if err := json.Unmarshal(cataloguedErrors, &c.areas); err != nil {
		panic("core: errors.json: " + err.Error()) // it is part of the program, and tested
	}
	for _, area := range c.areas {
		for _, e := range area.Errors {
			c.byCode[e.Code] = e
		}
	}
	return c
})
