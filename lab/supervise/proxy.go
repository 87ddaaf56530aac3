package supervise

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/digihunch/kubectl-orthweb/lab/peers"
	"github.com/digihunch/kubectl-orthweb/lab/state"
)

// replace replaces the running proxy with one that has the gateway's files. The endpoints stay open
// in between, so that clients only wait. Files that HAProxy rejects change nothing.
func (g *gateway) replace(ctx context.Context) error {
	g.generation++
	dir := filepath.Join(g.s.cfg.Dir, g.name, strconv.Itoa(g.generation))
	if err := writeAll(dir, g.files); err != nil {
		return err
	}
	files, err := g.inherited()
	defer closeAll(files)
	if err != nil {
		return err
	}
	part := g.s.cfg.Gateway(g.tenant, g.s.snapshot().Peers.HAProxy, dir)
	part.Files = files
	check := exec.CommandContext(ctx, part.Program, "-c", "-f", peers.ConfigFile)
	check.Dir, check.Env, check.ExtraFiles = dir, g.s.cfg.Env(), files
	if out, err := check.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return fmt.Errorf("HAProxy refuses what the objects ask for, so what it serves stays as it is: %w: %s", err, alerts(out))
	}
	g.end()
	c, err := g.s.launch(part)
	if err != nil {
		return err
	}
	g.child, g.serving = c, g.endpoints
	g.s.adopt(c)
	g.s.updatePart(g.name, func(p *state.Part) { p.Process = c.process })
	go func() {
		<-c.ended
		// The directory contains the keys.
		_ = os.RemoveAll(dir)
	}()
	return nil
}

// alerts are the lines with errors.
func alerts(out []byte) string {
	var list []string
	for line := range strings.Lines(string(out)) {
		if _, text, ok := strings.Cut(line, "config : "); ok && strings.HasPrefix(line, "[ALERT]") {
			list = append(list, strings.TrimSpace(text))
		}
	}
	return strings.Join(list, "; ")
}

// end lets the proxy finish its connections, without accepting new ones.
func (g *gateway) end() {
	if g.child == nil {
		return
	}
	g.s.retire(g.child)
	_ = g.child.process.Signal(syscall.SIGUSR1)
	g.child = nil
}

// remove ends the proxy of a tenant that was removed, and removes its directory.
func (g *gateway) remove() {
	c := g.child
	g.end()
	if c != nil {
		<-c.ended
	}
	if err := os.RemoveAll(filepath.Join(g.s.cfg.Dir, g.name)); err != nil {
		logf("%s: its directory can't be removed: %v", g.name, err)
	}
}

func writeAll(dir string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the proxy's directory: %w", err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return fmt.Errorf("writing the proxy's files: %w", err)
		}
	}
	return nil
}
