package hosts

import (
	"bytes"
	"slices"
)

// Merge gives the file with these entries in the cluster's block, and says what is
// different. The tenants that the entries name have them and no others; the block's
// other tenants keep theirs. What the file says of a name elsewhere is not overruled:
// see Report. A block in which nothing is left goes. The error tells of an entry that
// no hosts file can hold.
func (f *File) Merge(id string, entries []Entry) ([]byte, Report, error) {
	given := map[string]bool{}
	for _, entry := range entries {
		given[entry.Tenant] = true
	}
	return f.merge(id, entries, func(tenant string) bool { return given[tenant] })
}

// Replace is Merge for all tenants of the cluster: those without an entry have none.
func (f *File) Replace(id string, entries []Entry) ([]byte, Report, error) {
	return f.merge(id, entries, func(string) bool { return true })
}

// Remove gives the file without these tenants in the cluster's block, or without the
// block when none are named, and says what went. The file from before the first Merge
// is then back, bit for bit.
func (f *File) Remove(id string, tenants ...string) ([]byte, Report) {
	// Without entries there is none that could be wrong.
	out, report, _ := f.merge(id, nil, func(tenant string) bool { return len(tenants) == 0 || slices.Contains(tenants, tenant) })
	return out, report
}

// merge puts the entries in the place of what the block has of the tenants that go.
func (f *File) merge(id string, entries []Entry, goes func(tenant string) bool) ([]byte, Report, error) {
	wanted, err := linesOf(entries)
	if err != nil {
		return nil, Report{}, err
	}
	own := f.block(id)
	if own == nil {
		own = &block{id: id}
	}
	next := slices.DeleteFunc(slices.Clone(own.lines), func(line Line) bool { return goes(line.Tenant) })
	stays := slices.DeleteFunc(slices.Clone(f.held), func(h holder) bool { return h.block == own && goes(h.tenant) })
	var report Report
	next = append(next, report.settle(wanted, own, stays)...)
	next = sorted(next)
	report.compare(own.lines, next)
	return f.with(id, next), report, nil
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

// with is the file with these lines as the cluster's block, and without the block
// when there are none.
func (f *File) with(id string, lines []Line) []byte {
	from, to := f.place()
	if b := f.block(id); b != nil {
		from, to = b.start, b.end
	}
	var text []byte
	if len(lines) > 0 {
		text = render(id, lines, f.ending())
		if from < to && f.data[to-1] != '\n' {
			text = bytes.TrimRight(text, "\r\n") // as the block that it replaces
		}
	}
	return slices.Concat(f.data[:from], text, f.data[to:])
}

// place is where a new block goes: to the end, but above a last line without a
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

// ending is how the lines end that are not this program's.
func (f *File) ending() string {
	var outside []byte
	from := 0
	for _, b := range f.blocks {
		outside = append(outside, f.data[from:b.start]...)
		from = b.end
	}
	return endingOf(append(outside, f.data[from:]...))
}
