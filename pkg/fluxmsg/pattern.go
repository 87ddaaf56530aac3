package fluxmsg

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled on first use. There are more than a
// hundred: compiling them at start-up took a fifth of the time of every command, and
// most commands use none.
type pattern struct {
	compile func() *regexp.Regexp
}

// wording is the pattern for an expression, which must be valid: the tests use every
// one.
func wording(expression string) *pattern {
	return &pattern{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// The methods are those of regexp.Regexp.

func (p *pattern) MatchString(s string) bool { return p.compile().MatchString(s) }

func (p *pattern) FindString(s string) string { return p.compile().FindString(s) }

func (p *pattern) FindStringIndex(s string) []int { return p.compile().FindStringIndex(s) }

func (p *pattern) FindStringSubmatch(s string) []string { return p.compile().FindStringSubmatch(s) }

func (p *pattern) FindStringSubmatchIndex(s string) []int {
	return p.compile().FindStringSubmatchIndex(s)
}

func (p *pattern) FindAllString(s string, n int) []string { return p.compile().FindAllString(s, n) }

func (p *pattern) FindAllStringIndex(s string, n int) [][]int {
	return p.compile().FindAllStringIndex(s, n)
}

func (p *pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compile().FindAllStringSubmatch(s, n)
}

func (p *pattern) FindAllStringSubmatchIndex(s string, n int) [][]int {
	return p.compile().FindAllStringSubmatchIndex(s, n)
}

func (p *pattern) ReplaceAllString(s, with string) string {
	return p.compile().ReplaceAllString(s, with)
}

func (p *pattern) ReplaceAllStringFunc(s string, with func(string) string) string {
	return p.compile().ReplaceAllStringFunc(s, with)
}

func (p *pattern) SubexpNames() []string { return p.compile().SubexpNames() }
