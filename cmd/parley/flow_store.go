package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"parley/internal/config"
	"parley/internal/core"
	"parley/internal/server"
	"parley/internal/studio"
	"parley/internal/studio/definition"
)

// flowIndex is the file of a folder that says what the other files are: definitions hold neither name nor SID.
const flowIndex = "flows.json"

// indexedFlow is an entry of the index.
type indexedFlow struct {
	File         string `json:"file"`
	SID          string `json:"sid,omitempty"` // "" for a flow that is known by its name
	FriendlyName string `json:"friendly_name"`
	Status       string `json:"status"` // of the revision in the file
}

// withFlows runs fn on the flows of a store that is there, beside a running server.
func withFlows(w world, at config.Storage, fn func(f server.Flows) error) error {
	st, err := server.OpenExisting(w.ctx, at, server.NewLogger(w.stderr, config.Logging{LogLevel: "warn"}))
	if err != nil {
		return err
	}
	flows, err := server.OpenFlows(w.ctx, st)
	if err == nil {
		err = fn(flows)
	}
	return errors.Join(err, st.Close())
}

// allFlows reads all flows of the account.
func allFlows(w world, f server.Flows) (all []studio.Shown, err error) {
	const page = 100
	for after := ""; ; after = all[len(all)-1].Flow.SID {
		list, err := f.ListFlows(w.ctx, f.AccountSID, after, page)
		all = append(all, list...)
		if err != nil || len(list) < page {
			return all, err
		}
	}
}

type flowExportCmd struct {
	config.Storage
	Dir       string `arg:"" help:"The folder. Made if it is absent; files of flows that are gone are removed."`
	Published bool   `name:"published" help:"Write the newest published revision of each flow in place of the newest one; flows without one are left out."`
}

// Run writes the folder: the same flows give the same bytes.
func (c *flowExportCmd) Run(w world) error {
	return withFlows(w, c.Storage, func(f server.Flows) error {
		all, err := allFlows(w, f)
		if err != nil {
			return err
		}
		files, index := map[string][]byte{}, []indexedFlow{}
		for _, v := range all {
			if c.Published {
				if v.Flow.Published == 0 {
					continue
				}
				if v, err = f.FetchRevision(w.ctx, f.AccountSID, v.Flow.SID, studio.LatestPublished); err != nil {
					return err
				}
			}
			name := fileName(v.At.FriendlyName)
			if files[name+".json"] != nil || name+".json" == flowIndex {
				name += "-" + v.Flow.SID[2:10]
			}
			text, err := pretty([]byte(v.At.Definition))
			if err != nil {
				return err
			}
			files[name+".json"] = text
			index = append(index, indexedFlow{name + ".json", v.Flow.SID, v.At.FriendlyName, v.At.Status})
		}
		if err := writeFolder(c.Dir, files, index); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.stdout, "%s: %d flows\n", c.Dir, len(index))
		return err
	})
}

// writeFolder replaces what an earlier export wrote. The index is first read and last written, so that no other file is ever removed.
func writeFolder(dir string, files map[string][]byte, index []indexedFlow) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	before, err := readIndex(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, one := range before {
		if files[one.File] == nil && filepath.IsLocal(one.File) {
			if err := os.Remove(filepath.Join(dir, one.File)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	text, err := json.Marshal(index)
	if err == nil {
		text, err = pretty(text)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, flowIndex), text, 0o644)
}

func readIndex(dir string) (index []indexedFlow, err error) {
	text, err := os.ReadFile(filepath.Join(dir, flowIndex))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, flowIndex), err)
	}
	return index, nil
}

// pretty writes JSON as people read it, with its members in their own order.
func pretty(text []byte) ([]byte, error) {
	var b bytes.Buffer
	err := json.Indent(&b, bytes.TrimSpace(text), "", "  ")
	b.WriteByte('\n')
	return b.Bytes(), err
}

// fileName makes a flow's name fit for a file.
func fileName(name string) string {
	plain := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
	if plain == "" {
		return "flow"
	}
	return plain
}

type flowImportCmd struct {
	config.Storage
	Paths    []string          `arg:"" name:"path" help:"Files with a definition each, or folders that export wrote. A flow is known by the SID of the folder's index, else by its name, which for a file is the file's."`
	Publish  bool              `name:"publish" help:"Publish the flows. Left out, they become drafts."`
	Map      map[string]string `name:"map" placeholder:"OLD=NEW" help:"Replace a SID in the definitions, such as that of a workflow. NEW may be a name that 'parley credentials' prints, as workflow_sid. A workflow of nothing but zeros is this instance's."`
	FlexFlow string            `name:"flex-flow" placeholder:"FO..." help:"Let the flow answer the chats of a Flex Flow. For a single flow."`
	Message  string            `name:"message" short:"m" placeholder:"TEXT" help:"What the change is about."`
}

// file is a definition that is to be imported.
type flowFile struct {
	indexedFlow
	path, text string
}

// Run imports what it can: a flow that runs others comes after those.
func (c *flowImportCmd) Run(w world) error {
	var files []flowFile
	for _, path := range c.Paths {
		some, err := flowFiles(path)
		if err != nil {
			return err
		}
		files = append(files, some...)
	}
	if c.FlexFlow != "" && len(files) != 1 {
		return fmt.Errorf("--flex-flow takes a single flow, not %d", len(files))
	}
	return withFlows(w, c.Storage, func(f server.Flows) error {
		swap := c.replacer(f)
		for len(files) > 0 {
			var left []flowFile
			var faults []error
			for _, one := range files {
				one.text = swap.Replace(one.text)
				v, what, err := c.take(w, f, one)
				if err != nil {
					left, faults = append(left, one), append(faults, explained(one.path, err))
					continue
				}
				if _, err := fmt.Fprintf(w.stdout, "%s %s %q: %s, revision %d, %s\n", one.path, v.Flow.SID, v.At.FriendlyName, what, v.At.Number, v.At.Status); err != nil {
					return err
				}
				if c.FlexFlow != "" {
					if err := f.Answer(w.ctx, c.FlexFlow, v.Flow.SID); err != nil {
						return err
					}
				}
			}
			if len(left) == len(files) { // what is left does not wait for others
				return errors.Join(faults...)
			}
			files = left
		}
		return nil
	})
}

// explained says what is wrong with a file, each finding on its own line.
func explained(path string, err error) error {
	e := core.AsError(err)
	list, ok := e.Details["errors"].([]definition.Finding)
	if !ok || len(list) == 0 {
		return fmt.Errorf("%s: %w", path, err)
	}
	var all []error
	for _, one := range list {
		all = append(all, fmt.Errorf("%s: %s: %s", path, one.Path, one.Message))
	}
	return errors.Join(all...)
}

// flowFiles reads a file, or a folder with or without an index.
func flowFiles(path string) (files []flowFile, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	index := []indexedFlow{{File: filepath.Base(path)}}
	dir := filepath.Dir(path)
	if info.IsDir() {
		dir = path
		if index, err = readIndex(dir); errors.Is(err, os.ErrNotExist) {
			var names []string
			if names, err = filepath.Glob(filepath.Join(dir, "*.json")); err == nil && len(names) == 0 {
				err = fmt.Errorf("%s has no *.json", dir)
			}
			for _, name := range names {
				index = append(index, indexedFlow{File: filepath.Base(name)})
			}
		}
		if err != nil {
			return nil, err
		}
	}
	for _, one := range index {
		if !filepath.IsLocal(one.File) {
			return nil, fmt.Errorf("%s names %q, which lies outside of the folder", filepath.Join(dir, flowIndex), one.File)
		}
		text, err := os.ReadFile(filepath.Join(dir, one.File))
		if err != nil {
			return nil, err
		}
		if one.FriendlyName == "" {
			one.FriendlyName = strings.TrimSuffix(filepath.Base(one.File), ".json")
		}
		files = append(files, flowFile{one, filepath.Join(dir, one.File), string(text)})
	}
	return files, nil
}

// replacer swaps SIDs that are another instance's.
func (c *flowImportCmd) replacer(f server.Flows) *strings.Replacer {
	var pairs []string
	for from, to := range c.Map {
		if own, ok := f.Names[to]; ok {
			to = own
		}
		pairs = append(pairs, from, to)
	}
	return strings.NewReplacer(append(pairs, "WW"+strings.Repeat("0", 32), f.Names["workflow_sid"])...)
}

// take imports one flow and says what became of it.
func (c *flowImportCmd) take(w world, f server.Flows, one flowFile) (v studio.Shown, what string, err error) {
	p := studio.FlowPatch{FriendlyName: &one.FriendlyName, Definition: &one.text, Status: studio.StatusDraft}
	if c.Publish {
		p.Status = studio.StatusPublished
	}
	if c.Message != "" {
		p.CommitMessage = &c.Message
	}
	v, found, err := find(w, f, one)
	switch {
	case err != nil:
	case found && same(v.At.Definition, one.text) && v.At.FriendlyName == one.FriendlyName && (v.At.Status == p.Status || v.At.Status == studio.StatusPublished):
		return v, "unchanged", nil
	case found:
		v, err = f.UpdateFlow(w.ctx, f.AccountSID, v.Flow.SID, p)
		return v, "updated", err
	case one.SID != "":
		v, err = f.CreateFlowAs(w.ctx, f.AccountSID, one.SID, p)
	default:
		v, err = f.CreateFlow(w.ctx, f.AccountSID, p)
	}
	return v, "created", err
}

// find looks for a flow by its SID, else by its name.
func find(w world, f server.Flows, one flowFile) (found studio.Shown, ok bool, err error) {
	if one.SID != "" {
		v, err := f.FetchFlow(w.ctx, f.AccountSID, one.SID)
		if core.HasCode(err, core.CodeNotFound) {
			return v, false, nil
		}
		return v, err == nil, err
	}
	all, err := allFlows(w, f)
	if err != nil {
		return found, false, err
	}
	for _, v := range all {
		if v.At.FriendlyName != one.FriendlyName {
			continue
		}
		if ok {
			return v, false, fmt.Errorf("there are several flows of the name %q; export them and import the folder", one.FriendlyName)
		}
		found, ok = v, true
	}
	return found, ok, nil
}

// same reports whether two definitions differ in blanks only.
func same(a, b string) bool {
	x, errX := pretty([]byte(a))
	y, errY := pretty([]byte(b))
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// storedChanges compares two revisions of a flow in the store.
func storedChanges(w world, at config.Storage, sid, from, to string) (changes []definition.Change, err error) {
	err = withFlows(w, at, func(f server.Flows) error {
		d, err := f.Diff(w.ctx, f.AccountSID, sid, from, to)
		changes = d.Changes
		return err
	})
	return changes, err
}
