package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

const matcher = "./internal/taskrouter/match"

var runLine = regexp.MustCompile(`(?m)^BenchmarkRun/(.+)/waiting=\d+\S*\s+\d+\s+(\S+) ns/op`)

// match asks the matcher's own benchmark what a run costs, and its own test for a million decisions without a fault.
func (b *bench) match() error {
	out, err := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkRun$", "-benchtime", "2000x", matcher).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	var names []string
	costs := map[string][]string{}
	for _, m := range runLine.FindAllStringSubmatch(string(out), -1) {
		name := strings.ReplaceAll(m[1], "_", " ")
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return err
		}
		if costs[name] == nil {
			names = append(names, name)
		}
		costs[name] = append(costs[name], fmt.Sprintf("%.1f µs", ns/1e3))
	}
	for _, name := range names {
		b.row("a run of the matcher, 1,000 workers in 20 queues: "+name+" (1,000 / 10,000 / 100,000 wait)", strings.Join(costs[name], " / "), "–", 0)
	}
	if out, err := exec.Command("go", "test", "-count", "1", "-run", "^TestMillionDecisions$", matcher).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	b.row("a million random decisions: over capacity, or twice", "0", "–", 0)
	return nil
}
