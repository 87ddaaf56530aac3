package compare

import (
	"cmp"
	"slices"
	"strings"
)

// Words replaces names in text: only where they are whole words, never in other names that
// contain them. "bhs" is a word in "bhs-orthweb" and "web.bhs.orthweb.com", not in "subhs".
type Words struct{ list []word }

// word is a text, what replaces it, and which characters next to it make it a part of another
// name.
type word struct {
	old, new string
	// domain: a label before it belongs to a host in the domain, one after it to another domain.
	domain bool
	// address: digits, dots and colons next to it belong to another address.
	address bool
}

// Name replaces a name, also in upper case, as DICOM's AE titles have it.
func (w *Words) Name(old, replacement string) {
	w.add(word{old: old, new: replacement})
	if upper := strings.ToUpper(old); upper != old {
		w.add(word{old: upper, new: strings.ToUpper(replacement)})
	}
}

// Domain replaces a domain, also at the end of the names of hosts.
func (w *Words) Domain(old, replacement string) {
	if old != "" {
		w.add(word{old: old, new: replacement, domain: true})
	}
}

// Address replaces an IP address or the name of a load balancer.
func (w *Words) Address(old, replacement string) {
	if old != "" {
		w.add(word{old: old, new: replacement, address: true})
	}
}

// Keep keeps a name that contains one of the others.
func (w *Words) Keep(name string) { w.add(word{old: name, new: name}) }

// add keeps the words in the order of length, so that the longest that fits is used.
func (w *Words) add(added word) {
	if added.old == "" || slices.ContainsFunc(w.list, func(known word) bool { return known.old == added.old }) {
		return
	}
	i, _ := slices.BinarySearchFunc(w.list, added, func(a, b word) int { return cmp.Compare(len(b.old), len(a.old)) })
	w.list = slices.Insert(w.list, i, added)
}

// Match is a word in a text, from Start up to End, and what replaces it.
type Match struct {
	Start, End int
	New        string
	// Name is false for domains and addresses.
	Name bool
}

// Matches finds the words of a text that change.
func (w *Words) Matches(text string) []Match {
	var found []Match
	for i := 0; i < len(text); {
		end, m := w.at(text, i)
		if m != nil && m.new != m.old {
			found = append(found, Match{Start: i, End: end, New: m.new, Name: !m.domain && !m.address})
		}
		i = max(end, i+1)
	}
	return found
}

// at is the longest word at a place, and its end.
func (w *Words) at(text string, i int) (end int, found *word) {
	for n := range w.list {
		m := &w.list[n]
		if strings.HasPrefix(text[i:], m.old) && m.isWhole(text, i) {
			return i + len(m.old), m
		}
	}
	return i, nil
}

// isWhole reports whether the word at a place is not a part of another name.
func (m *word) isWhole(text string, i int) bool {
	before, after := byte(' '), byte(' ')
	if i > 0 {
		before = text[i-1]
	}
	rest := text[i+len(m.old):]
	if rest != "" {
		after = rest[0]
	}
	switch {
	case isAlphanumeric(before) || isAlphanumeric(after):
		return false
	case m.address && strings.Contains(m.old, ":") && (before == ':' || after == ':'):
		return false
	case m.address:
		return !isAddressPart(text, i-1) && !isAddressPart(text, i+len(m.old))
	case m.domain:
		more := len(rest) > 1 && after == '.' && isAlphanumeric(rest[1])
		return before != '-' && after != '-' && !more
	}
	return true
}

// isAddressPart reports whether a dot or colon at a place continues an address: "10.0.0.1." at
// the end of a sentence does not.
func isAddressPart(text string, i int) bool {
	if i < 0 || i >= len(text) || text[i] != '.' {
		return false
	}
	digit := func(at int) bool { return at >= 0 && at < len(text) && text[at] >= '0' && text[at] <= '9' }
	return digit(i-1) && digit(i+1)
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80
}

// Apply replaces the words of a text.
func (w *Words) Apply(text string) string {
	matches := w.Matches(text)
	if len(matches) == 0 {
		return text
	}
	var b strings.Builder
	end := 0
	for _, m := range matches {
		b.WriteString(text[end:m.Start])
		b.WriteString(m.New)
		end = m.End
	}
	b.WriteString(text[end:])
	return b.String()
}

// Has reports whether a text has a word that changes.
func (w *Words) Has(text string) bool { return len(w.Matches(text)) > 0 }

// keptNames are the fields whose values name what is published by others: images, charts and
// repositories. A tenant's name in them is another name.
var keptNames = map[string]bool{
	"apiVersion": true, "kind": true, "image": true, "images": true, "newName": true, "newTag": true, "digest": true,
	"tag": true, "repository": true, "registry": true, "chart": true, "chartRef": true, "url": true,
}

// KeepsNames reports whether the names of tenants in a field are not replaced.
func KeepsNames(key string) bool { return keptNames[key] }
