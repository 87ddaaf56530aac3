package document

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
)

// themes are the blocks of the style sheet that define colours: light, dark, printed.
var themes = regexp.MustCompile(`(?s):root \{(.*?)\}`)

var colour = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`)

// TestContrast computes the contrast of each text with each background that it is on (WCAG 2.2,
// 1.4.3 and 1.4.11), in each theme.
func TestContrast(t *testing.T) {
	blocks := themes.FindAllStringSubmatch(style, -1)
	if len(blocks) != 3 {
		t.Fatalf("the style sheet has %d themes", len(blocks))
	}
	for i, block := range blocks {
		colours := map[string]float64{}
		for _, c := range colour.FindAllStringSubmatch(block[1], -1) {
			colours[c[1]] = luminance(t, c[2])
		}
		check := func(text, background string, least float64) {
			a, okA := colours[text]
			b, okB := colours[background]
			if !okA || !okB {
				t.Fatalf("theme %d has no colour %s or %s", i, text, background)
			}
			if c := (max(a, b) + 0.05) / (min(a, b) + 0.05); c < least {
				t.Errorf("theme %d: %s on %s has the contrast %.2f, below %.1f", i, text, background, c, least)
			}
		}
		for _, text := range []string{"ink", "soft", "link", "ready", "failing", "progressing", "suspended", "unknown"} {
			check(text, "paper", 4.5)
			check(text, "box", 4.5)
		}
		for _, text := range []string{"ink", "failing"} {
			check(text, "failing-tint", 4.5)
		}
		check("ink", "panel", 4.5)
		check("edge", "paper", 3)
	}
}

// luminance is the relative luminance of a colour (WCAG 2.2).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(fmt.Errorf("colour %s: %w", hex, err))
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
