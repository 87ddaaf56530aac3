package hosts

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

// untouched are files that must be restored byte for byte.
var untouched = []string{
	"", "\n", "127.0.0.1 localhost", "127.0.0.1 localhost\n", "a\r\nb\r\n", "a\r\nb", "a\nb\r", "\r", "a\rb\r\r\n",
	bom, bom + "127.0.0.1 localhost", bom + "a\r\nb", "a\x00b\n\x00", "\xff\xfea\x00\n\x00", "\xe9t\xe9\n", "\t \n\n\n",
	"192.0.2.9 web.a.org\n10.0.0.1 dicom.a.org", "a\r\nb\nc\r\n",
	beginD + "# tenant \"a\"\n10.0.0.9 web.a.org\n" + endD, "x\r\n" + beginD + strings.TrimSpace(endD),
}

// FuzzHosts checks for arbitrary files that the text outside of the block stays, that a second
// sync changes nothing, and that removing the block restores the file, also next to another
// cluster's block.
func FuzzHosts(f *testing.F) {
	for _, data := range untouched {
		f.Add([]byte(data), "c", "web.a.org", "d")
	}
	f.Add([]byte(beginC+"# tenant \"a\"\n10.0.0.1 web.a.org\n"+endC), "c\n\"", "x.org\n10.0.0.1", "")
	f.Add([]byte("# BEGIN kubectl-orthweb\n"), "c", "web.a.org", "c")
	f.Fuzz(func(t *testing.T, data []byte, id, name, other string) {
		file, err := Parse(data)
		if err != nil {
			return
		}
		entries := []Entry{{id, netip.MustParseAddr("10.0.0.1"), []string{"dicom.a.org"}}}
		if CheckName(name) == nil {
			entries[0].Names = append(entries[0].Names, name)
		}
		once := sync(t, file, id, entries)
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("%q became %q: %v", data, once, err)
		}
		if twice := sync(t, again, id, entries); !bytes.Equal(once, twice) {
			t.Errorf("%q: once is %q, twice %q", data, once, twice)
		}
		if file.block(id) != nil || file.block(other) != nil || id == other {
			return
		}
		if back, _ := again.Remove(id); !bytes.Equal(back, data) {
			t.Errorf("%q came back as %q", data, back)
		}
		both, err := Parse(sync(t, again, other, entries))
		if err != nil {
			t.Fatal(err)
		}
		for _, order := range [][2]string{{id, other}, {other, id}} {
			half, _ := both.Remove(order[0])
			rest, err := Parse(half)
			if err != nil {
				t.Fatal(err)
			}
			if back, _ := rest.Remove(order[1]); !bytes.Equal(back, data) {
				t.Errorf("%q came back as %q after %v", data, back, order)
			}
		}
	})
}

func sync(t *testing.T, file *File, id string, entries []Entry) []byte {
	t.Helper()
	out, _, err := file.Merge(id, entries)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestUnfinishedLine checks that blocks can follow a line without its newline, and that a block
// whose last line an editor left without a newline stays so.
func TestUnfinishedLine(t *testing.T) {
	block := beginC + "# tenant \"a\"\n10.0.0.1\tweb.a.org\n# sum \"307a8b4020641364\"\n" + endC
	other := beginD + "# tenant \"a\"\n10.0.0.1\tdicom.a.org\n" + endD
	for _, c := range []struct{ about, before, after string }{
		{"a line", "one\ntwo", "one\n" + block + "two"},
		{"the block itself", "one\n" + strings.TrimSpace(beginC+endC), "one\n" + strings.TrimSpace(block)},
		{"another block", "one\n" + strings.TrimSpace(other), "one\n" + block + strings.TrimSpace(other)},
	} {
		if out, _ := merged(t, c.before, "c", "a 10.0.0.1 web.a.org"); out != c.after {
			t.Errorf("%s: got %q, want %q", c.about, out, c.after)
		}
	}
}

// TestLarge merges into a file of a megabyte and a list of several thousand names.
func TestLarge(t *testing.T) {
	large := strings.Repeat("192.0.2.1 some.host.example.net # a comment\n", 1<<20/44)
	var all []Entry
	for i := range 3000 {
		all = append(all, Entry{"a", netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), []string{strings.Repeat("x", 1+i%50) + ".a" + string(rune('a'+i%26)) + ".org"}})
	}
	file := parsed(t, large)
	out := sync(t, file, "c", all)
	if back, _ := parsed(t, string(out)).Remove("c"); string(back) != large {
		t.Error("the file of a megabyte did not come back")
	}
}

// BenchmarkMerge measures reading a file of a megabyte and merging into it.
func BenchmarkMerge(b *testing.B) {
	large := []byte(strings.Repeat("192.0.2.1 some.host.example.net # a comment\n", 1<<20/44))
	b.SetBytes(int64(len(large)))
	for b.Loop() {
		file, err := Parse(large)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := file.Merge("c", []Entry{entry("a 10.0.0.1 web.a.org")}); err != nil {
			b.Fatal(err)
		}
	}
}
