package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under test.
type process struct {
	cmd  *exec.Cmd
	addr string
	dir  string
	log  *os.File
	took time.Duration // from the start to the first answered request
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// start runs a binary and waits until GET path answers 200.
func start(path, bin string, args ...string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	p := &process{addr: addr, dir: dir}
	return p, p.run(path, bin, args...)
}

func (p *process) run(path, bin string, args ...string) error {
	full := []string{}
	for _, a := range args {
		full = append(full, strings.NewReplacer("{addr}", p.addr, "{dir}", filepath.Join(p.dir, "data")).Replace(a))
	}
	var err error
	if p.log, err = os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	p.cmd = exec.Command(bin, full...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	begin := time.Now()
	if err := p.cmd.Start(); err != nil {
		return err
	}
	for time.Since(begin) < 30*time.Second {
		resp, err := http.Get("http://" + p.addr + path)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				p.took = time.Since(begin)
				return nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	log, _ := os.ReadFile(p.log.Name())
	p.stop()
	return fmt.Errorf("%s does not answer; its log ends with:\n%s", bin, tail(log))
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

// halt ends the process and keeps its data.
func (p *process) halt() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
	}
	p.log.Close()
}

func (p *process) stop() {
	p.halt()
	_ = os.RemoveAll(p.dir)
}

// cpu is the processor time that the process has used.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	user, _ := strconv.ParseInt(string(f[11]), 10, 64)
	system, _ := strconv.ParseInt(string(f[12]), 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // 100 ticks a second
}

// rss is the resident memory in bytes.
func (p *process) rss() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kb << 10
}
