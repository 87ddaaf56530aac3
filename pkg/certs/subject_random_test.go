package certs

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/rand/v2"
	"strings"
	"testing"
)

// randomSubject is a subject that ParseSubject should accept, in both forms.
func randomSubject(r *rand.Rand) (slashes, rfc string) {
	letters := []rune("abcXYZ019 ,+=\"\\<>;#/'()-.:?é中😀*&")
	for i := range 1 + r.IntN(4) {
		kind := attributes[r.IntN(len(attributes))]
		value := make([]rune, 1+r.IntN(kind.longest)%20)
		for j := range value {
			value[j] = letters[r.IntN(len(letters))]
			if kind.kind != 0 {
				value[j] = letters[r.IntN(9)]
			}
		}
		if value[0] == ' ' {
			value[0] = 'x'
		}
		text := string(value)
		if kind.label() == "C" {
			text = "CA"
		}
		name := kind.names[r.IntN(len(kind.names))]
		before, after := "/", ","
		if i > 0 && r.IntN(3) == 0 {
			before, after = "+", "+"
		}
		slashes += before + name + "=" + strings.NewReplacer(`\`, `\\`, "/", `\/`, "+", `\+`).Replace(text)
		if i == 0 {
			after = ""
		}
		rfc = name + "=" + escapeValue(text) + after + rfc
	}
	return slashes, rfc
}

func TestRandomSubjects(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		slashes, rfc := randomSubject(r)
		a, b := subjectOf(t, slashes), subjectOf(t, rfc)
		rawA, errA := MarshalSubject(a)
		rawB, errB := MarshalSubject(b)
		if errA != nil || errB != nil || !bytes.Equal(rawA, rawB) {
			t.Fatalf("%s and %s differ: %x (%v), %x (%v)", slashes, rfc, rawA, errA, rawB, errB)
		}
		roundTrip(t, a)
	}
}

// roundTrip checks that a subject can be parsed again from its text and from its DER.
func roundTrip(t *testing.T, subject pkix.RDNSequence) {
	t.Helper()
	text := FormatSubject(subject)
	want, err := MarshalSubject(subject)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	again, err := ParseSubject(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got, err := MarshalSubject(again); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s came back as %x (%v), want %x", text, got, err, want)
	}
	var read pkix.RDNSequence
	if rest, err := asn1.Unmarshal(want, &read); err != nil || len(rest) > 0 || len(read) != len(subject) {
		t.Fatalf("%s can't be read from its DER %x: %v", text, want, err)
	}
}

func FuzzParseSubject(f *testing.F) {
	for _, seed := range []string{"", "/", "/C=CA/O=A+OU=B/CN=x", `CN=a\,b\C3\A9,1.2.3=#0c0141+DC=org`, `/CN=\`, "CN=#1300", " CN = x ", "E=a@b;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		subject, err := ParseSubject(text)
		if err == nil {
			roundTrip(t, subject)
		}
	})
}

func BenchmarkParseSubject(b *testing.B) {
	for b.Loop() {
		if _, err := ParseSubject("CN=ct1.example.org,OU=Imaging,O=Acme\\, Inc,L=Toronto,C=CA"); err != nil {
			b.Fatal(err)
		}
	}
}
