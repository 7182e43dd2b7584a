package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A folder of flows is the same after its way through another store, and an import says what became of each flow.
func TestFlowFolders(t *testing.T) {
	const welcome = "../../examples/studio/welcome.json"
	here, there, dir := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "flows")
	run := func(data string, args ...string) result {
		t.Helper()
		return parley(t, append(args, "--data", data)...)
	}
	good := func(want string, r result) {
		t.Helper()
		if r.code != 0 || !strings.Contains(r.stdout, want) {
			t.Errorf("want %q: %+v", want, r)
		}
	}
	bad := func(want string, r result) {
		t.Helper()
		if r.code != 1 || !strings.Contains(r.stderr, want) {
			t.Errorf("want a failure with %q: %+v", want, r)
		}
	}
	bad("no store", run(here, "flow", "export", dir))
	good("", run(here, "migrate"))
	good("", run(there, "migrate"))
	good(`"welcome": created, revision 1, published`, run(here, "flow", "import", welcome, "--publish"))
	good(`"welcome": unchanged, revision 1, published`, run(here, "flow", "import", welcome, "--publish"))
	sub := filepath.Join(t.TempDir(), "A flow!.json")
	write(t, sub, `{"initial_state":"Trigger","states":[{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingParent"}]}]}`)
	made := run(here, "flow", "import", sub, "--publish")
	good(`"A flow!": created`, made)
	sid := regexp.MustCompile(`FW[0-9a-f]{32}`).FindString(made.stdout)
	parent := filepath.Join(t.TempDir(), "parent.json")
	write(t, parent, `{"initial_state":"Trigger","states":[{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"run"}]},
		{"name":"run","type":"run-subflow","properties":{"flow_sid":"`+sid+`","flow_revision":"LatestPublished"},"transitions":[{"event":"completed"},{"event":"failed"}]}]}`)
	good(`"parent": created`, run(here, "flow", "import", parent, "--publish"))
	good("3 flows", run(here, "flow", "export", dir))
	first := folder(t, dir)
	if len(first) != 4 || first["a-flow.json"] == "" {
		t.Errorf("files %v", first)
	}
	good("created", run(there, "flow", "import", dir, "--publish"))
	again := filepath.Join(t.TempDir(), "again")
	good("3 flows", run(there, "flow", "export", again))
	if second := folder(t, again); len(second) != len(first) {
		t.Errorf("files %v", second)
	} else {
		for name, text := range first {
			if second[name] != text {
				t.Errorf("%s changed on its way:\n%s\n%s", name, text, second[name])
			}
		}
	}
	write(t, filepath.Join(dir, "welcome.json"), strings.Replace(first["welcome.json"], "9 to 17", "9 to 18", 1))
	good(`"welcome": updated, revision 2, draft`, run(here, "flow", "import", dir, "-m", "longer"))
	flow := regexp.MustCompile(`(FW[0-9a-f]{32})",\s+"friendly_name": "welcome"`).FindStringSubmatch(first["flows.json"])[1]
	good("tell_hours properties.body", run(here, "flow", "diff", flow, "LatestPublished", "2"))
	good("3 flows", run(here, "flow", "export", dir, "--published"))
	if text := folder(t, dir)["welcome.json"]; text != first["welcome.json"] {
		t.Errorf("the published revision is %s", text)
	}
	credentials := run(here, "credentials", "--json")
	flexFlow := regexp.MustCompile(`FO[0-9a-f]{32}`).FindString(credentials.stdout)
	good("published", run(here, "flow", "import", welcome, "--publish", "--flex-flow", flexFlow))
	bad("takes a single flow", run(here, "flow", "import", dir, "--flex-flow", flexFlow))
	bad("not found", run(here, "flow", "import", welcome, "--flex-flow", "FO"+strings.Repeat("0", 32)))
	broken := filepath.Join(t.TempDir(), "broken.json")
	write(t, broken, `{"initial_state":"nowhere","states":[{"name":"Trigger","type":"trigger","properties":{},"transitions":[]}]}`)
	bad(`#/initial_state: there is no state "nowhere"`, run(here, "flow", "import", broken, welcome, "--publish"))
	bad("no such file", run(here, "flow", "import", broken+"x"))
	bad("has no *.json", run(here, "flow", "import", t.TempDir()))
	bad("was not found", run(here, "flow", "diff", "FW"+strings.Repeat("0", 32), "1", "2"))
	outside := t.TempDir()
	write(t, filepath.Join(outside, "flows.json"), `[{"file":"../x.json","friendly_name":"x"}]`)
	bad("lies outside", run(here, "flow", "import", outside))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// folder reads the files of a folder.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	return files
}
