// Package planted provides secrets in every form in which programs write them, and similar
// texts without secrets, to test redaction. Only tests import it.
package planted

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

// Form is a form in which a secret occurs in a text.
type Form struct {
	// Group names the forms that one rule covers: "command line".
	Group string
	// Write inserts the secret into the text.
	Write func(secret string) string
	// Length is the minimum length of such a secret, 0 if there is none. A secret longer than a
	// password is a token, of letters and digits.
	Length int
}

// Secret is a planted secret.
type Secret struct {
	Group, Text string
	// Marks are parts of the secret that must not occur in the output.
	Marks []string
}

// mixed and lower are two kinds of passwords: with capitals and digits, and of lower-case
// letters only. Both begin and end with a mark.
func mixed(n int) (secret string, marks []string) {
	first, last := fmt.Sprintf("Zq%04dJ", n), fmt.Sprintf("V%04dxk", n)
	return first + last, []string{first, last}
}

func lower(n int) (secret string, marks []string) {
	digits := []byte(fmt.Sprintf("%04d", n))
	for i := range digits {
		digits[i] += 'a' - '0'
	}
	first, last := "zqw"+string(digits), "vkj"+string(digits)
	return first + last, []string{first, last}
}

// filler is the text of tokens between their marks.
const filler = "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW2xY4zA6bC8dE0fG1hJ3kL5mN7pQ9rS2tU4vW6xY8zA1bC3"

func long(n, length int) (secret string, marks []string) {
	_, marks = mixed(n)
	return marks[0] + filler[:max(0, length-len(marks[0])-len(marks[1]))] + marks[1], marks
}

// Secrets returns all forms, each with its own secrets.
func Secrets() []Secret {
	var all []Secret
	n := 0
	for _, form := range Forms() {
		add := func(secret string, marks []string) {
			n++
			all = append(all, Secret{Group: form.Group, Text: form.Write(secret), Marks: marks})
		}
		if form.Length > 0 {
			add(long(n, form.Length))
			continue
		}
		add(mixed(n))
		add(lower(n))
	}
	return all
}

// Leaks reports whether the text contains a part of the secret: as it is, in base64 or
// percent-encoded.
func (s Secret) Leaks(text string) bool {
	for _, mark := range s.Marks {
		for _, form := range append(EncodedForms(mark), mark) {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// EncodedForms are the base64 forms of the text at any position: the characters that do not
// depend on the neighbouring bytes.
func EncodedForms(text string) []string {
	var forms []string
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
		forms = append(forms, encoded[(shift*8+5)/6:len(encoded)-1])
	}
	return forms
}

func b64(text string) string    { return base64.StdEncoding.EncodeToString([]byte(text)) }
func rawb64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
func query(text string) string  { return url.QueryEscape(text) }

// wrapped is base64 in lines of 76 characters.
func wrapped(text string) string {
	encoded := b64(text)
	var lines []string
	for len(encoded) > 76 {
		lines = append(lines, encoded[:76])
		encoded = encoded[76:]
	}
	return strings.Join(append(lines, encoded), "\n")
}

// quoted is the text within a JSON string.
func quoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text)
}
