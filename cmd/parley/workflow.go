package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"parley/internal/taskrouter/workflow"
)

type workflowCmd struct {
	Check workflowCheckCmd `cmd:"" help:"Say what in workflow configurations would silently never match. Needs no store."`
}

type workflowCheckCmd struct {
	Files []string `arg:"" name:"file" help:"Files with a workflow configuration in JSON each."`
	JSON  bool     `name:"json" help:"Print one JSON array."`
}

// finding is a warning and the file that it is about.
type finding struct {
	File string `json:"file"`
	workflow.Warning
}

// String writes the finding as compilers do, with as much of its place as there is.
func (f finding) String() string {
	place := f.File
	if f.Path != "" {
		place += ":" + f.Path
	}
	if f.Column > 0 {
		place += fmt.Sprintf(":%d", f.Column)
	}
	return place + ": " + f.Message
}

// Run prints the findings; any is a failure, and so is a file that cannot be read.
func (c *workflowCheckCmd) Run(w world) error {
	findings := []finding{}
	var faults []error
	for _, file := range c.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		for _, warning := range workflow.Check(string(text), workflow.Known{}) {
			findings = append(findings, finding{file, warning})
		}
	}
	if len(findings) > 0 {
		faults = append(faults, fmt.Errorf("findings: %d", len(findings)))
	}
	if c.JSON {
		enc := json.NewEncoder(w.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return errors.Join(append(faults, enc.Encode(findings))...)
	}
	for _, f := range findings {
		if _, err := fmt.Fprintln(w.stdout, f); err != nil {
			return err
		}
	}
	return errors.Join(faults...)
}
