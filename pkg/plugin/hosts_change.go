package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// hostsChange is a change of a hosts file. It is the only input of the step under sudo.
type hostsChange struct {
	Block   string        `json:"block"`
	Entries []hosts.Entry `json:"entries,omitempty"`
	// KeepNames and KeepTenants are those of hosts.Edit.
	KeepNames   []string `json:"keepNames,omitempty"`
	KeepTenants []string `json:"keepTenants,omitempty"`
	// Only are the tenants that may stay in the block, unless it is empty.
	Only []string `json:"only,omitempty"`
	// Remove removes tenants, or the whole block.
	Remove      []string `json:"remove,omitempty"`
	RemoveBlock bool     `json:"removeBlock,omitempty"`
}

// maxChange bounds what the step under sudo reads, in bytes.
const maxChange = 16 << 20

// readChange reads a change without trusting it: this may run as root, for any user
// that sudo allows to run it.
func readChange(in io.Reader) (c hostsChange, err error) {
	data, err := io.ReadAll(io.LimitReader(in, maxChange+1))
	if err != nil {
		return c, fmt.Errorf("reading the change: %w", err)
	}
	if len(data) > maxChange {
		return c, errors.New("reading the change: it is too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, fmt.Errorf("reading the change: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return c, errors.New("reading the change: the input has more than one")
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("reading the change: %w", err)
	}
	return c, nil
}

// check returns why this program would not request the change, or nil.
func (c hostsChange) check() error {
	if c.Block == "" {
		return errors.New("it names no block")
	}
	machine, _ := os.Hostname()
	owner := map[string]string{}
	for _, entry := range c.Entries {
		if entry.Tenant == "" {
			return errors.New("an entry names no tenant")
		}
		if err := hosts.CheckAddr(entry.Addr); err != nil {
			return err
		}
		for _, name := range entry.Names {
			if err := hosts.CheckName(name, machine); err != nil {
				return err
			}
			lower := strings.ToLower(name)
			if other, ok := owner[lower]; ok && other != entry.Tenant {
				return fmt.Errorf("the name %q belongs to two tenants, %q and %q", name, other, entry.Tenant)
			}
			owner[lower] = entry.Tenant
		}
	}
	return nil
}

// apply returns the changed file.
func (c hostsChange) apply(before []byte) ([]byte, hosts.Report, error) {
	file, err := hosts.Parse(before)
	if err != nil {
		return nil, hosts.Report{}, err
	}
	if c.RemoveBlock {
		after, report := file.Remove(c.Block)
		return after, report, nil
	}
	return file.Apply(c.Block, hosts.Edit{
		Entries: c.Entries, Remove: append(slices.Clone(c.Remove), c.leftOver(file)...),
		KeepNames: c.KeepNames, KeepTenants: c.KeepTenants,
	})
}

// leftOver are the tenants in the block that the cluster does not have.
func (c hostsChange) leftOver(file *hosts.File) []string {
	var gone []string
	for _, block := range file.Blocks() {
		if block.ID != c.Block || len(c.Only) == 0 {
			continue
		}
		for _, tenant := range block.Tenants() {
			if !slices.Contains(c.Only, tenant) {
				gone = append(gone, tenant)
			}
		}
	}
	return gone
}

// write changes the file at the path.
func (c hostsChange) write(ctx context.Context, path string) (hosts.Result, hosts.Report, error) {
	var report hosts.Report
	result, err := hosts.Update(ctx, path, func(before []byte) (after []byte, err error) {
		after, report, err = c.apply(before)
		return after, err
	})
	return result, report, err
}

// applyChange makes the change on standard input to the file at the path, if this
// program would request both: the path must be that of a hosts file.
func applyChange(ctx context.Context, in io.Reader, path string) (hosts.Result, hosts.Report, error) {
	if !filepath.IsAbs(path) {
		return hosts.Result{}, hosts.Report{}, fmt.Errorf("--hosts-file %q is not an absolute path", path)
	}
	change, err := readChange(in)
	if err != nil {
		return hosts.Result{}, hosts.Report{}, err
	}
	var report hosts.Report
	result, err := hosts.Update(ctx, path, func(before []byte) (after []byte, err error) {
		if err := hosts.CheckFile(before); err != nil {
			return nil, fmt.Errorf("writing to %s: %w", path, err)
		}
		after, report, err = change.apply(before)
		return after, err
	})
	return result, report, err
}

// sayChange prints a summary of the change.
func sayChange(out io.Writer, result hosts.Result, report hosts.Report) {
	if result.Restored {
		escape.Fprintf(out, "%s was partially written by a program that was killed; its previous content was restored first.\n", result.Path)
	}
	for _, l := range report.Removed {
		escape.Fprintf(out, "  - %s  %s\n", l.Addr, l.Name)
	}
	for _, l := range report.Changed {
		escape.Fprintf(out, "  ~ %s  %s (was %s)\n", l.Addr, l.Name, l.Was)
	}
	for _, l := range report.Added {
		escape.Fprintf(out, "  + %s  %s\n", l.Addr, l.Name)
	}
	for _, p := range report.Present {
		escape.Fprintf(out, "  = %s  %s (already in line %d)\n", p.Addr, p.Name, p.At)
	}
	if !result.Changed {
		escape.Fprintf(out, "%s is up to date.\n", result.Path)
		return
	}
	escape.Fprintf(out, "%s: %s added, %d changed, %d removed. The previous content is in %s.\n",
		result.Path, command.Plural(len(report.Added), "name"), len(report.Changed), len(report.Removed), result.Backup)
}
