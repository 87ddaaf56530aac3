// Package hosts adds names of tenants to a machine's hosts file and removes them. It writes
// them to separate blocks, one per cluster; every byte outside of them stays as it is.
//
// A block has complete lines only. In a file without a final newline it is inserted before the
// last line, so that removing the block restores the original file.
//
// The format is that of hosts(5): an address, names, comments from "#" on. Each line that is
// written has one name, so that a diff shows only the names that change.
package hosts

import (
	"cmp"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// Entry is an address and the names of a tenant that resolve to it. A tenant may have
// several, such as one of IPv4 and one of IPv6. An entry without names means that the
// tenant has none.
type Entry struct {
	Tenant string
	Addr   netip.Addr
	Names  []string
}

// Line is one name in a block. The name is in lower case.
type Line struct {
	Tenant string
	Name   string
	Addr   netip.Addr
}

func compareLines(a, b Line) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Name, b.Name), a.Addr.Compare(b.Addr))
}

// sorted are the lines in the order in which they are written, each once.
func sorted(lines []Line) []Line {
	lines = slices.Clone(lines)
	slices.SortFunc(lines, compareLines)
	return slices.Compact(lines)
}

// Block is the part of the file for one cluster.
type Block struct {
	// ID is the name of the block when it was created: the cluster's context.
	ID string
	// Entries are one for each tenant and address, in the order of the file.
	Entries []Entry
	// First and Last are its markers' line numbers, from 1.
	First, Last int
}

// Tenants are the names of the block's tenants, sorted.
func (b Block) Tenants() []string {
	var names []string
	for _, entry := range b.Entries {
		names = append(names, entry.Tenant)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// DefaultPath is the path of the system's hosts file.
func DefaultPath() string {
	if runtime.GOOS != "windows" {
		return "/etc/hosts"
	}
	return filepath.Join(cmp.Or(os.Getenv("SystemRoot"), `C:\Windows`), "System32", "drivers", "etc", "hosts")
}
