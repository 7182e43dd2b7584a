package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"parley/internal/config"
	"parley/internal/studio/definition"
)

// flowCmd works with files of flows; what needs a store is in flow_store.go.
type flowCmd struct {
	Check flowCheckCmd `cmd:"" help:"Say what is wrong with flow definitions. Needs no store."`
	Run   flowRunCmd   `cmd:"" help:"Play a flow in the terminal: you are the customer. Needs no store."`
	Diff  flowDiffCmd  `cmd:"" help:"Say how two flow definitions differ: two files, which needs no store, or two revisions of a flow."`

	Import flowImportCmd `cmd:"" help:"Take flows from files or from folders that export wrote. Works beside a running server."`
	Export flowExportCmd `cmd:"" help:"Write all flows into a folder, a file each. Works beside a running server."`
}

type flowCheckCmd struct {
	Files    []string `arg:"" name:"file" help:"Files with a flow definition in JSON each."`
	Subflows []string `name:"subflow" placeholder:"FW…=FILE" sep:"none" help:"The definition of a flow that is run by the others."`
	Strict   bool     `name:"strict" help:"Fail on warnings too."`
	JSON     bool     `name:"json" help:"Print one JSON array."`
}

// flowFinding is what is wrong in a file.
type flowFinding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Severity string `json:"severity"` // "error" or "warning"
	Path     string `json:"property_path"`
	Code     string `json:"code"`
	Message  string `json:"message"`
}

// String writes the finding as compilers do.
func (f flowFinding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s: %s", f.File, f.Line, f.Severity, f.Path, f.Message)
}

// Run prints the findings; an error is a failure, and so is a file that cannot be read.
func (c *flowCheckCmd) Run(w world) error {
	subflows, err := readSubflows(c.Subflows)
	if err != nil {
		return err
	}
	findings := []flowFinding{}
	var faults []error
	errorCount, warningCount := 0, 0
	for _, file := range c.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		_, report := definition.Check(string(text), subflows.known())
		errorCount, warningCount = errorCount+len(report.Errors), warningCount+len(report.Warnings)
		findings = append(findings, inFile(file, "error", report.Errors)...)
		findings = append(findings, inFile(file, "warning", report.Warnings)...)
	}
	if errorCount > 0 || c.Strict && warningCount > 0 {
		faults = append(faults, fmt.Errorf("errors: %d, warnings: %d", errorCount, warningCount))
	}
	if c.JSON {
		return errors.Join(append(faults, printJSON(w, findings))...)
	}
	for _, f := range findings {
		if _, err := fmt.Fprintln(w.stdout, f); err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}

func inFile(file, severity string, list []definition.Finding) (out []flowFinding) {
	for _, f := range list {
		out = append(out, flowFinding{file, f.Line, severity, f.Path, f.Code, f.Message})
	}
	return out
}

func printJSON(w world, v any) error {
	enc := json.NewEncoder(w.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

type flowDiffCmd struct {
	config.Storage
	From   string `arg:"" name:"file1" help:"The old definition; or the SID of a flow in the store, with two of its revisions behind it."`
	To     string `arg:"" name:"file2" help:"The new definition; or the old revision: a number, LatestPublished or LatestRevision."`
	Second string `arg:"" optional:"" name:"revision" help:"The new revision of a flow in the store."`
	JSON   bool   `name:"json" help:"Print one JSON array."`
}

// Run prints the differences; there being some is no failure. Where a widget stands on the page is none.
func (c *flowDiffCmd) Run(w world) error {
	changes, err := c.changes(w)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(w, append([]definition.Change{}, changes...))
	}
	for _, change := range changes {
		if _, err := fmt.Fprintln(w.stdout, change); err != nil {
			return err
		}
	}
	return nil
}

func (c *flowDiffCmd) changes(w world) ([]definition.Change, error) {
	if c.Second != "" {
		return storedChanges(w, c.Storage, c.From, c.To, c.Second)
	}
	from, err := readFlow(c.From)
	if err != nil {
		return nil, err
	}
	to, err := readFlow(c.To)
	if err != nil {
		return nil, err
	}
	return definition.Diff(from, to), nil
}

func readFlow(file string) (*definition.Flow, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	flow, err := definition.Read(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return flow, nil
}
