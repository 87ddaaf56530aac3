package hosts

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// File is a parsed hosts file. Its methods do not modify it.
type File struct {
	data   []byte
	blocks []*block
	// held are the names of the whole file, in its order.
	held []holder
}

// block is a Block and the bytes that it takes up, its last newline with them.
type block struct {
	id          string
	first, last int
	start, end  int
	lines       []Line
	// sum is the block's checksum of its lines; one of an earlier version has none.
	sum string
}

// Parse parses a hosts file with any content. The only error is a *DamagedError.
func Parse(data []byte) (*File, error) {
	p := parser{file: &File{data: bytes.Clone(data)}}
	for l := range textLines(data) {
		p.read(l)
	}
	if p.open != nil {
		p.problem(p.open.first, "begins the block %s, which has no END line", quoted(p.open.id))
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, &DamagedError{p.problems}
	}
	return p.file, nil
}

// CheckFile returns why a content is not that of a hosts file, or nil: each line must be
// blank, a comment, or an address and names.
func CheckFile(data []byte) error {
	for l := range textLines(data) {
		text, _, _ := strings.Cut(l.text, "#")
		if strings.HasPrefix(l.text, "#!") && l.number == 1 {
			text = l.text
		}
		addr, names := mapping(text)
		if _, err := netip.ParseAddr(addr); (err != nil || len(names) == 0) && strings.TrimSpace(text) != "" {
			return fmt.Errorf("line %d is not a line of a hosts file", l.number)
		}
	}
	return nil
}

// EntriesOf are the entries of the block with this ID, none when the file has no such block.
func (f *File) EntriesOf(id string) []Entry {
	for _, block := range f.Blocks() {
		if block.ID == id {
			return block.Entries
		}
	}
	return nil
}

// Blocks are the blocks of all clusters, in the order of the file.
func (f *File) Blocks() []Block {
	var all []Block
	for _, b := range f.blocks {
		public := Block{ID: b.id, First: b.first, Last: b.last}
		for _, line := range b.lines {
			at := slices.IndexFunc(public.Entries, func(e Entry) bool { return e.Tenant == line.Tenant && e.Addr == line.Addr })
			if at < 0 {
				at = len(public.Entries)
				public.Entries = append(public.Entries, Entry{Tenant: line.Tenant, Addr: line.Addr})
			}
			public.Entries[at].Names = append(public.Entries[at].Names, line.Name)
		}
		all = append(all, public)
	}
	return all
}

// block is the cluster's block, or nil.
func (f *File) block(id string) *block {
	if at := slices.IndexFunc(f.blocks, func(b *block) bool { return b.id == id }); at >= 0 {
		return f.blocks[at]
	}
	return nil
}

type parser struct {
	file     *File
	open     *block
	tenant   *string
	problems []Problem
}

func (p *parser) problem(line int, format string, args ...any) {
	p.problems = append(p.problems, Problem{line, fmt.Sprintf(format, args...)})
}

func (p *parser) read(l textLine) {
	if id, ok := unquoted(l.text, beginMarker); ok {
		p.begin(l, id)
	} else if id, ok := unquoted(l.text, endMarker); ok {
		p.close(l, id)
	} else if markerLike.MatchString(l.text) {
		p.problem(l.number, "differs from what kubectl-orthweb writes (%s\"...\" or %s\"...\")", beginMarker, endMarker)
	} else if p.open != nil {
		p.inside(l)
	} else {
		addr, names := mapping(l.text)
		for _, name := range names {
			p.file.held = append(p.file.held, holder{name: folded(name), has: addr, at: l.number})
		}
	}
}

func (p *parser) begin(l textLine, id string) {
	if p.open != nil {
		p.problem(l.number, "begins the block %s before the one of line %d has ended", quoted(id), p.open.first)
	} else if existing := p.file.block(id); existing != nil {
		p.problem(l.number, "begins the block %s, which already begins in line %d", quoted(id), existing.first)
	}
	p.open, p.tenant = &block{id: id, first: l.number, start: l.start}, nil
}

func (p *parser) close(l textLine, id string) {
	switch {
	case p.open == nil:
		p.problem(l.number, "ends the block %s, which has no BEGIN line above", quoted(id))
		return
	case p.open.id != id:
		p.problem(l.number, "ends the block %s inside %s, which begins in line %d", quoted(id), quoted(p.open.id), p.open.first)
	}
	if sum := sumOf(p.open.lines); p.open.sum != "" && p.open.sum != sum {
		p.problem(p.open.first, "begins the block %s, whose lines are not those that kubectl-orthweb wrote: move your own lines below line %d, "+
			"or delete the line that begins with %s if all of them may be replaced", quoted(p.open.id), l.number, strings.TrimSpace(sumMark))
	}
	p.open.last, p.open.end = l.number, l.end
	p.file.blocks = append(p.file.blocks, p.open)
	p.open = nil
}

// inside reads a line of a block. A line that this program does not write is the user's,
// and would be lost when the block is next written: it is a problem. So is one that is out
// of order.
func (p *parser) inside(l textLine) {
	text := strings.TrimRight(l.text, " \t\r")
	if tenant, ok := unquoted(text, tenantMark); ok && p.open.sum == "" {
		p.tenant = &tenant
		return
	}
	if sum, ok := unquoted(text, sumMark); ok && p.open.sum == "" && sum != "" {
		p.open.sum = sum
		return
	}
	line, ok := p.own(text)
	if n := len(p.open.lines); ok && n > 0 && compareLines(p.open.lines[n-1], line) >= 0 {
		ok = false
	}
	if !ok || p.open.sum != "" {
		p.problem(l.number, "is in the block %s, but kubectl-orthweb did not write it: move it below the end of the block", quoted(p.open.id))
		return
	}
	p.open.lines = append(p.open.lines, line)
	p.file.held = append(p.file.held, holder{line.Name, line.Addr.String(), l.number, p.open, line.Tenant})
}

// own reads a line in the form that this program writes.
func (p *parser) own(text string) (Line, bool) {
	written, names := mapping(text)
	addr, err := netip.ParseAddr(written)
	if err != nil || p.tenant == nil || len(names) != 1 || CheckAddr(addr) != nil || checkForm(names[0]) != nil {
		return Line{}, false
	}
	line := Line{*p.tenant, folded(names[0]), addr.Unmap()}
	return line, text == line.text()
}
