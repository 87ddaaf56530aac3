//go:build peers

package document_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/browser"
	"github.com/digihunch/kubectl-orthweb/internal/copies"
	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/render/document"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// opened opens the page of a report in a browser.
func opened(t *testing.T, r report.Report) (page *browser.Page, url string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(printed(t, document.HTML, r)), 0o600); err != nil {
		t.Fatal(err)
	}
	url = "file://" + path
	return browser.Open(t, url), url
}

// TestBrowserLoadsNothing checks that a browser requests the page only, and finds no problem.
func TestBrowserLoadsNothing(t *testing.T) {
	page, url := opened(t, samples.IncompleteReport(t))
	if requests := page.Requests(); !slices.Equal(requests, []string{url}) {
		t.Errorf("requested: %q", requests)
	}
	if problems := page.Problems(); len(problems) > 0 {
		t.Errorf("the browser reports: %q", problems)
	}
	var styled bool
	if page.Evaluate(`getComputedStyle(document.querySelector("table")).borderCollapse === "collapse"`, &styled); !styled {
		t.Error("the style sheet is not applied")
	}
}

// TestBrowserWidths checks that the page is not wider than the window: only regions that can be
// focused scroll.
func TestBrowserWidths(t *testing.T) {
	page, _ := opened(t, samples.ReportOf(t, "bootstrapping", "failing"))
	for _, width := range []int{320, 400, 800, 1280, 1920} {
		page.Resize(width, 900, "light")
		var wide []string
		page.Evaluate(`[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && !e.closest(".skip") && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 200))`, &wide)
		var overflow int
		page.Evaluate(`document.documentElement.scrollWidth - innerWidth`, &overflow)
		if len(wide) > 0 || overflow > 0 {
			t.Errorf("%d px: the page is %d px wider than the window: %q", width, overflow, wide)
		}
	}
	var unreachable []string
	page.Evaluate(`[...document.querySelectorAll(".scroll")].filter(e => e.tabIndex !== 0 || !e.getAttribute("aria-label")).map(e => e.outerHTML.slice(0, 200))`, &unreachable)
	if len(unreachable) > 0 {
		t.Errorf("the keyboard does not reach %q", unreachable)
	}
	page.Resize(1280, 900, "light")
	var cut []string // a text that is wider than its box
	page.Evaluate(`[...document.querySelectorAll(".chain g text")].filter(e => e.getComputedTextLength() > 204 - 34).map(e => e.textContent)`, &cut)
	if len(cut) > 0 {
		t.Errorf("texts are wider than their boxes: %q", cut)
	}
}

// TestBrowserColours compares the background in both themes.
func TestBrowserColours(t *testing.T) {
	page, _ := opened(t, samples.ReportOf(t, "failing"))
	for colours, brightest := range map[string]bool{"light": true, "dark": false} {
		page.Resize(1280, 900, colours)
		picture, err := png.Decode(bytes.NewReader(page.Screenshot()))
		if err != nil {
			t.Fatal(err)
		}
		if bright := isBright(picture); bright != brightest {
			t.Errorf("%s: the background is bright: %t", colours, bright)
		}
	}
}

// isBright reports whether the first pixel of a picture, its background, is bright.
func isBright(picture image.Image) bool {
	r, g, b, _ := picture.At(1, 1).RGBA()
	return r+g+b > 3*0x8000
}

// TestBrowserAccessibility checks what a screen reader gets: landmarks, headings without gaps,
// named tables and pictures, and no control without a name.
func TestBrowserAccessibility(t *testing.T) {
	page, _ := opened(t, samples.IncompleteReport(t))
	page.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true) || true`, new(bool))
	roles := map[string]int{}
	level := 0
	for _, n := range page.Accessibility() {
		roles[n.Role]++
		switch n.Role {
		case "heading":
			if n.Level > level+1 {
				t.Errorf("the heading %q of level %d follows one of level %d", n.Name, n.Level, level)
			}
			level = n.Level
			fallthrough
		case "link", "button", "image", "img", "table", "region", "navigation", "article", "DisclosureTriangle":
			if strings.TrimSpace(n.Name) == "" {
				t.Errorf("a %s has no name", n.Role)
			}
		}
	}
	for role, least := range map[string]int{"main": 1, "banner": 1, "navigation": 1, "contentinfo": 1, "heading": 8, "table": 6, "columnheader": 20, "rowheader": 20, "caption": 0, "region": 5} {
		if roles[role] < least {
			t.Errorf("%d of role %s, at least %d are expected: %v", roles[role], role, least, roles)
		}
	}
	if roles["main"] != 1 || roles["image"]+roles["img"] < 2 {
		t.Errorf("roles: %v", roles)
	}
	var skips bool
	page.Evaluate(`(() => { const a = document.querySelector("a"); a.focus(); return a.hash === "#main" && a.getBoundingClientRect().top >= 0 })()`, &skips)
	if !skips {
		t.Error("the first control is not a visible link to the content")
	}
}

// TestBrowserPrints prints a page, on which all parts are open, and nothing is cut.
func TestBrowserPrints(t *testing.T) {
	page, _ := opened(t, samples.ReportOf(t, "failing"))
	page.Call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 703, "height": 1000, "deviceScaleFactor": 1, "mobile": false}, nil) // A4 within its margins
	page.Call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	var closed, cut []string
	// What is rendered changes with the next frame, which a busy machine draws late.
	page.Evaluate(`(async () => {
		const closed = () => [...document.querySelectorAll("details > :not(summary)")].filter(e => !e.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true}) || e.getBoundingClientRect().height === 0).map(e => e.outerHTML.slice(0, 200));
		for (let i = 0; i < 100 && closed().length > 0; i++) await new Promise(resume => setTimeout(resume, 100));
		return closed();
	})()`, &closed)
	page.Evaluate(`[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 200))`, &cut)
	if len(closed) > 0 || len(cut) > 0 {
		t.Errorf("not printed: %q\ncut: %q", closed, cut)
	}
	if pdf := page.PDF(); !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 20_000 {
		t.Errorf("the printed page has %d bytes", len(pdf))
	}
}

// TestBrowserManyTenants opens a page about 100 failing tenants.
func TestBrowserManyTenants(t *testing.T) {
	snap := copies.OfTenant(samples.Recorded(t, "failing"), 100)
	page, url := opened(t, samples.Report(t, map[string]*snapshot.Snapshot{"failing": snap}, "failing"))
	var rows int
	if page.Evaluate(`document.querySelectorAll("section[aria-labelledby=fleet] tbody tr").length`, &rows); rows != 101 {
		t.Errorf("the page has %d tenants", rows)
	}
	if requests, problems := page.Requests(), page.Problems(); !slices.Equal(requests, []string{url}) || len(problems) > 0 {
		t.Errorf("requested %q, problems %q", requests, problems)
	}
}
