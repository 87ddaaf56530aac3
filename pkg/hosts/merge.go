package hosts

import (
	"bytes"
	"slices"
)

// Edit is a change of a cluster's block.
type Edit struct {
	// Entries are all entries of the tenants that they name. The block's other tenants keep
	// theirs.
	Entries []Entry
	// Remove are the tenants whose lines are removed.
	Remove []string
	// KeepNames are names whose lines stay as they are, whichever tenant has them.
	KeepNames []string
	// KeepTenants are tenants whose entries may be incomplete: their lines for other names
	// stay.
	KeepTenants []string
}

// Apply returns the file with the cluster's block edited, and a report of the difference.
// Other lines for a name are not overridden: see Report. An empty block is removed. The
// error is for an entry that a hosts file can't have.
func (f *File) Apply(id string, edit Edit) ([]byte, Report, error) {
	wanted, err := linesOf(edit.Entries)
	if err != nil {
		return nil, Report{}, err
	}
	given, named := map[string]bool{}, map[[2]string]bool{}
	for _, entry := range edit.Entries {
		given[entry.Tenant] = true
		for _, name := range entry.Names {
			named[[2]string{entry.Tenant, folded(name)}] = true
		}
	}
	kept := map[string]bool{}
	for _, name := range edit.KeepNames {
		kept[folded(name)] = true
	}
	wanted, contested := uncontested(wanted)
	for _, conflict := range contested {
		kept[conflict.Name] = true
	}
	out, report := f.merge(id, wanted, func(tenant, name string) bool {
		switch {
		case kept[name]:
			return false
		case slices.Contains(edit.Remove, tenant):
			return true
		case slices.Contains(edit.KeepTenants, tenant):
			return named[[2]string{tenant, name}]
		}
		return given[tenant]
	})
	report.Conflicts = append(report.Conflicts, contested...)
	slices.SortFunc(report.Conflicts, func(a, b Conflict) int { return compareLines(a.Line, b.Line) })
	return out, report, nil
}

// Merge is Apply for entries alone.
func (f *File) Merge(id string, entries []Entry) ([]byte, Report, error) {
	return f.Apply(id, Edit{Entries: entries})
}

// Replace is Merge for all tenants of the cluster: those without an entry have none.
func (f *File) Replace(id string, entries []Entry) ([]byte, Report, error) {
	edit := Edit{Entries: entries}
	for _, block := range f.Blocks() {
		if block.ID == id {
			edit.Remove = block.Tenants()
		}
	}
	return f.Apply(id, edit)
}

// Remove returns the file without these tenants in the cluster's block, or without the block
// if none are named, and a report of the removed lines. The result is then the file from
// before the first Merge, byte for byte.
func (f *File) Remove(id string, tenants ...string) ([]byte, Report) {
	return f.merge(id, nil, func(tenant, _ string) bool { return len(tenants) == 0 || slices.Contains(tenants, tenant) })
}

// merge replaces the removed lines of the block with the wanted lines.
func (f *File) merge(id string, wanted []Line, goes func(tenant, name string) bool) ([]byte, Report) {
	own := f.block(id)
	if own == nil {
		own = &block{id: id}
	}
	next := slices.DeleteFunc(slices.Clone(own.lines), func(line Line) bool { return goes(line.Tenant, line.Name) })
	stays := slices.DeleteFunc(slices.Clone(f.held), func(h holder) bool { return h.block == own && goes(h.tenant, h.name) })
	var report Report
	next = append(next, report.settle(wanted, own, stays)...)
	next = sorted(next)
	report.compare(own.lines, next)
	return f.with(id, next), report
}

// linesOf are the entries' lines, sorted, each once.
func linesOf(entries []Entry) ([]Line, error) {
	var lines []Line
	for _, entry := range entries {
		for _, name := range entry.Names {
			if err := checkForm(name); err != nil {
				return nil, err
			}
			if err := CheckAddr(entry.Addr); err != nil {
				return nil, err
			}
			lines = append(lines, Line{entry.Tenant, folded(name), entry.Addr.Unmap()})
		}
	}
	return sorted(lines), nil
}

// with is the file with these lines as the cluster's block, without the block when there
// are none.
func (f *File) with(id string, lines []Line) []byte {
	from, to := f.place()
	if b := f.block(id); b != nil {
		if slices.Equal(b.lines, lines) && len(lines) > 0 {
			return bytes.Clone(f.data) // keeps a block without a sum as it is
		}
		from, to = b.start, b.end
	}
	var text []byte
	if len(lines) > 0 {
		text = render(id, lines, f.ending())
		if from < to && f.data[to-1] != '\n' {
			text = bytes.TrimRight(text, "\r\n") // no final newline, as before
		}
	}
	return slices.Concat(f.data[:from], text, f.data[to:])
}

// place is where a new block is written: at the end, but above a last line without a
// newline, and above the block that this line ends.
func (f *File) place() (from, to int) {
	at := len(f.data)
	if at > 0 && f.data[at-1] != '\n' {
		for l := range textLines(f.data) {
			at = l.start
		}
		if n := len(f.blocks); n > 0 && f.blocks[n-1].end == len(f.data) {
			at = f.blocks[n-1].start
		}
	}
	return at, at
}

// ending is the line ending of the lines that this program did not write.
func (f *File) ending() string {
	var outside []byte
	from := 0
	for _, b := range f.blocks {
		outside = append(outside, f.data[from:b.start]...)
		from = b.end
	}
	return endingOf(append(outside, f.data[from:]...))
}
