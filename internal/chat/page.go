package chat

import (
	"strconv"

	"parley/internal/core"
)

// MaxPage is the largest page of a list (rest-semantics §2.6).
const MaxPage = 1000

// Page asks for a part of a list. The zero value is the first page of the default size.
type Page struct {
	Size  int    // 1…MaxPage; 0 means 50
	Token string // List.Next of the page before, "" for the first
	Desc  bool   // newest first; lists of messages only
}

// List is a page of a list. Next is the token of the page after it, "" on the last. Lists are in the order of creation, keyed
// by row number, so that rows which come or go between two pages neither shift nor hide others.
type List[T any] struct {
	Items []T
	Next  string
}

// size returns the page's size, and an error for one that is out of bounds (20007).
func (p Page) size() (int, error) {
	switch {
	case p.Size == 0:
		return 50, nil
	case p.Size < 0 || p.Size > MaxPage:
		return 0, core.Ef(core.CodePageSizeTooLarge, "PageSize must be between 1 and %d", MaxPage)
	}
	return p.Size, nil
}

// keys reads a page's size and the row number after which it begins.
func (c *Chat) keys(prefix string, p Page) (size int, after int64, err error) {
	if size, err = p.size(); err == nil {
		after, err = c.after(prefix, p)
	}
	return size, after, err
}

// after decodes the token of a list of things whose SIDs start with prefix; 0 for the first page. The token is "PT" and what
// looks like the last item's SID, but carries its position, so that it works when that item is deleted meanwhile.
func (c *Chat) after(prefix string, p Page) (int64, error) {
	if p.Token == "" {
		return 0, nil
	}
	if len(p.Token) > 2 && p.Token[:2] == "PT" {
		if id, ok := c.codec.Decode(prefix, core.SIDPage, p.Token[2:]); ok {
			return id, nil
		}
	}
	return 0, core.Ef(core.CodeInvalidParameter, "PageToken is not one of this list")
}

// pageOf cuts rows, read with a limit of size+1, to the page.
func pageOf[T any](c *Chat, prefix string, rows []T, size int, id func(T) int64) List[T] {
	if len(rows) <= size {
		return List[T]{Items: rows}
	}
	rows = rows[:size]
	return List[T]{Items: rows, Next: "PT" + c.codec.Encode(prefix, core.SIDPage, id(rows[size-1]))}
}

// fromIndex decodes the token of a list of messages, a plain index; ok is false for the first page.
func fromIndex(p Page) (index int64, ok bool, err error) {
	if p.Token == "" {
		return 0, false, nil
	}
	index, err = strconv.ParseInt(p.Token, 10, 64)
	if err != nil {
		return 0, false, core.Ef(core.CodeInvalidParameter, "PageToken of a list of messages must be a number")
	}
	if index < 0 {
		return 0, false, core.E(core.CodePageTokenNegative)
	}
	return index, true, nil
}

func formatIndex(index int64) string { return strconv.FormatInt(index, 10) }
