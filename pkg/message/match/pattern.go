// Package match has what the parsers of messages share: patterns with bounds,
// names of objects, and text that is cut to a length.
package match

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression that is compiled on first use. There are more than a
// hundred: compiling them at start-up took a fifth of the time of every command, and
// most commands use none.
type Pattern struct {
	compile func() *regexp.Regexp
}

// Wording is the pattern for an expression, which must be valid: the tests use every
// one.
func Wording(expression string) *Pattern {
	return &Pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// MatchString is the method of regexp.Regexp.
func (p *Pattern) MatchString(s string) bool { return p.compile().MatchString(s) }

// FindString is the method of regexp.Regexp.
func (p *Pattern) FindString(s string) string { return p.compile().FindString(s) }

// FindStringIndex is the method of regexp.Regexp.
func (p *Pattern) FindStringIndex(s string) []int { return p.compile().FindStringIndex(s) }

// FindStringSubmatch is the method of regexp.Regexp.
func (p *Pattern) FindStringSubmatch(s string) []string { return p.compile().FindStringSubmatch(s) }

// FindStringSubmatchIndex is the method of regexp.Regexp.
func (p *Pattern) FindStringSubmatchIndex(s string) []int {
	return p.compile().FindStringSubmatchIndex(s)
}

// FindAllString is the method of regexp.Regexp.
func (p *Pattern) FindAllString(s string, n int) []string { return p.compile().FindAllString(s, n) }

// FindAllStringIndex is the method of regexp.Regexp.
func (p *Pattern) FindAllStringIndex(s string, n int) [][]int {
	return p.compile().FindAllStringIndex(s, n)
}

// FindAllStringSubmatch is the method of regexp.Regexp.
func (p *Pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compile().FindAllStringSubmatch(s, n)
}

// FindAllStringSubmatchIndex is the method of regexp.Regexp.
func (p *Pattern) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return p.compile().FindAllStringSubmatchIndex(s, n)
}

// ReplaceAllString is the method of regexp.Regexp.
func (p *Pattern) ReplaceAllString(s, with string) string {
	return p.compile().ReplaceAllString(s, with)
}

// ReplaceAllStringFunc is the method of regexp.Regexp.
func (p *Pattern) ReplaceAllStringFunc(s string, with func(string) string) string {
	return p.compile().ReplaceAllStringFunc(s, with)
}

// SubexpNames is the method of regexp.Regexp.
func (p *Pattern) SubexpNames() []string { return p.compile().SubexpNames() }
