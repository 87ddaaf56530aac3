package hosts

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
)

// Change is a change of a cluster's block, which can be passed to another process: it is
// the only input of the step that changes the file under sudo.
type Change struct {
	// Block is the ID of the block.
	Block   string  `json:"block"`
	Entries []Entry `json:"entries,omitempty"`
	// KeepNames and KeepTenants are those of Edit.
	KeepNames   []string `json:"keepNames,omitempty"`
	KeepTenants []string `json:"keepTenants,omitempty"`
	// Only are the tenants that may stay in the block, unless it is empty.
	Only []string `json:"only,omitempty"`
	// Remove removes tenants, RemoveBlock the whole block.
	Remove      []string `json:"remove,omitempty"`
	RemoveBlock bool     `json:"removeBlock,omitempty"`
}

// Apply returns the changed file, and a report of the difference.
func (c Change) Apply(before []byte) ([]byte, Report, error) {
	file, err := Parse(before)
	if err != nil {
		return nil, Report{}, err
	}
	if c.RemoveBlock {
		after, report := file.Remove(c.Block)
		return after, report, nil
	}
	return file.Apply(c.Block, Edit{
		Entries: c.Entries, Remove: append(slices.Clone(c.Remove), c.leftOver(file)...),
		KeepNames: c.KeepNames, KeepTenants: c.KeepTenants,
	})
}

// leftOver are the tenants in the block that may not stay in it.
func (c Change) leftOver(file *File) []string {
	if len(c.Only) == 0 {
		return nil
	}
	var gone []string
	for _, entry := range file.EntriesOf(c.Block) {
		if !slices.Contains(c.Only, entry.Tenant) {
			gone = append(gone, entry.Tenant)
		}
	}
	return gone
}

// Write changes the file at the path.
func (c Change) Write(ctx context.Context, path string) (Result, Report, error) {
	return c.update(ctx, path, func([]byte) error { return nil })
}

// update changes the file at the path if its content is accepted.
func (c Change) update(ctx context.Context, path string, accept func(before []byte) error) (Result, Report, error) {
	var report Report
	result, err := Update(ctx, path, func(before []byte) (after []byte, err error) {
		if err := accept(before); err != nil {
			return nil, err
		}
		after, report, err = c.Apply(before)
		return after, err
	})
	return result, report, err
}

// WriteUntrusted reads a change, as JSON, and applies it to the file at the path. It trusts
// neither: it may run as root, for any user that sudo allows to run it. The change must be
// one that this program would request, the path absolute, and the file a hosts file.
func WriteUntrusted(ctx context.Context, in io.Reader, path string) (Result, Report, error) {
	if !filepath.IsAbs(path) {
		return Result{}, Report{}, fmt.Errorf("the path of the hosts file, %q, is not an absolute path", path)
	}
	change, err := readChange(in)
	if err != nil {
		return Result{}, Report{}, fmt.Errorf("reading the change: %w", err)
	}
	return change.update(ctx, path, func(before []byte) error {
		if err := CheckFile(before); err != nil {
			return fmt.Errorf("writing to %s: %w", path, err)
		}
		return nil
	})
}

// maxChange bounds what readChange reads, in bytes.
const maxChange = 16 << 20

// readChange reads one change, as JSON, and checks it.
func readChange(in io.Reader) (c Change, err error) {
	data, err := io.ReadAll(io.LimitReader(in, maxChange+1))
	if err != nil {
		return c, err
	}
	if len(data) > maxChange {
		return c, errors.New("it is too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return c, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return c, errors.New("the input has more than one")
	}
	return c, c.check()
}

// check returns why this program would not request the change, or nil.
func (c Change) check() error {
	if c.Block == "" {
		return errors.New("it names no block")
	}
	machine, _ := os.Hostname()
	owner := map[string]string{}
	for _, entry := range c.Entries {
		if entry.Tenant == "" {
			return errors.New("an entry names no tenant")
		}
		if err := CheckAddr(entry.Addr); err != nil {
			return err
		}
		for _, name := range entry.Names {
			if err := CheckName(name, machine); err != nil {
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
