package hosts

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// File is a hosts file that was read. Its methods leave it as it is.
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
}

// Parse reads a hosts file, whatever is in it. The only error is a *DamagedError.
func Parse(data []byte) (*File, error) {
	p := parser{file: &File{data: bytes.Clone(data)}}
	for l := range textLines(data) {
		p.read(l)
	}
	if p.open != nil {
		p.problem(p.open.first, "begins the block %s, which no line ends", quoted(p.open.id))
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, &DamagedError{p.problems}
	}
	return p.file, nil
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
		p.problem(l.number, "is not as kubectl-orthweb writes it (%s\"...\" or %s\"...\")", beginMarker, endMarker)
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
	} else if twin := p.file.block(id); twin != nil {
		p.problem(l.number, "begins the block %s, which is there already from line %d on", quoted(id), twin.first)
	}
	p.open, p.tenant = &block{id: id, first: l.number, start: l.start}, nil
}

func (p *parser) close(l textLine, id string) {
	switch {
	case p.open == nil:
		p.problem(l.number, "ends the block %s, which no line above begins", quoted(id))
		return
	case p.open.id != id:
		p.problem(l.number, "ends the block %s inside of %s, which begins at line %d", quoted(id), quoted(p.open.id), p.open.first)
	}
	p.open.last, p.open.end = l.number, l.end
	p.file.blocks = append(p.file.blocks, p.open)
	p.open = nil
}

// inside reads a line of a block. A line that is not this program's would be lost
// when the block is next written: it is a problem.
func (p *parser) inside(l textLine) {
	if tenant, ok := unquoted(l.text, tenantMark); ok {
		p.tenant = &tenant
		return
	}
	written, names := mapping(l.text)
	addr, err := netip.ParseAddr(written)
	ours := err == nil && CheckAddr(addr) == nil && p.tenant != nil && !strings.Contains(l.text, "#")
	for _, name := range names {
		if ours = ours && checkForm(name) == nil; ours {
			p.open.lines = append(p.open.lines, Line{*p.tenant, folded(name), addr.Unmap()})
			p.file.held = append(p.file.held, holder{folded(name), written, l.number, p.open, *p.tenant})
		}
	}
	if !ours && strings.TrimRight(l.text, " \t\r") != "" {
		p.problem(l.number, "stands in the block %s, but kubectl-orthweb did not write it: move it below the block's end", quoted(p.open.id))
	}
}
