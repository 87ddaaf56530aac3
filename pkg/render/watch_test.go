package render

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// watchedTenants are the states of three tenants at two times.
func watchedTenants() (before, after []tenant.Status) {
	orthanc := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "bhs-orthweb", Name: "orthanc"}
	layer := object.Ref{APIVersion: "kustomize.toolkit.fluxcd.io/v1", Kind: "Kustomization", Namespace: "flux-system", Name: "mhr-application"}
	newStatus := func(name string, ref object.Ref, v health.Verdict, links ...tenant.Link) tenant.Status {
		s := tenant.Status{
			Name: name, Namespaces: []string{name + "-orthweb"}, Layers: 5, LayersReady: 5, Revision: "main@sha1:0123456789abcdef0123456789abcdef01234567",
			Orthanc: tenant.Replicas{Ready: 3, Wanted: 3, Known: true}, Database: tenant.Replicas{Ready: 3, Wanted: 3, Known: true},
			Addresses: []string{"192.0.2.7"}, Web: tenant.Endpoint{Hosts: []string{"web." + name + ".orthweb.com"}, Port: 443}, Chain: links,
		}
		if v.Status != health.Ready {
			v.Ref = ref
		}
		s.Verdict = v
		return s
	}
	ready := health.Verdict{Status: health.Ready, Since: samples.At.Add(-time.Hour)}
	link := func(ref object.Ref, v health.Verdict, deadline time.Time) tenant.Link {
		v.Ref = ref
		return tenant.Link{Section: tenant.Workloads, Verdict: v, Deadline: deadline}
	}
	failing := health.Verdict{Status: health.Failing, Reason: "InvalidImageName", Message: "the image's name is not valid\x1b[2J", Since: samples.At.Add(-4 * time.Second)}
	progressing := health.Verdict{Status: health.Progressing, Reason: "Progressing", Message: "building manifests", Since: samples.At.Add(-time.Minute)}
	before = []tenant.Status{
		newStatus("bhs", orthanc, ready, link(orthanc, ready, time.Time{})), newStatus("mhr", layer, ready, link(layer, ready, time.Time{})), newStatus("old", layer, ready),
	}
	after = []tenant.Status{
		newStatus("bhs", orthanc, failing, link(orthanc, failing, time.Time{})),
		newStatus("mhr", layer, progressing, link(layer, progressing, samples.At.Add(4*time.Minute+12*time.Second))), newStatus("new", layer, ready),
	}
	after[0].Orthanc.Ready = 2
	return before, after
}

// drawn is a frame as a terminal shows it.
func drawn(t *testing.T, lines []string) string {
	t.Helper()
	var out strings.Builder
	text := escape.NewStyled(&out)
	fmt.Fprintln(text, strings.Join(lines, "\n"))
	if err := text.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFrames(t *testing.T) {
	before, after := watchedTenants()
	frame := Watched{Statuses: after, Now: samples.At}
	changed := frame
	changed.Changes = tenant.Changes(before, after)
	stale := frame
	stale.Notes = []string{Stale(samples.At.Add(-12*time.Second), samples.At, true, errors.New("the API server at https://192.0.2.1: watching pods: connection refused")),
		Polled([]string{"events", "pods"}, 5*time.Second)}
	chains := changed
	chains.Chains = true
	nothing := Watched{Now: samples.At, Notes: []string{Stale(samples.At, samples.At, false, errors.New("connection refused"))}}
	for name, c := range map[string]struct {
		Watched
		term.Style
	}{
		"watch-80":        {frame, term.Style{Width: 80, Height: 24}},
		"watch-changed":   {changed, term.Style{Width: 120, Height: 24}},
		"watch-colour":    {changed, term.Style{Width: 120, Height: 24, Colour: true}},
		"watch-stale":     {stale, term.Style{Width: 80, Height: 24}},
		"watch-chains":    {chains, term.Style{Width: 80, Height: 40}},
		"watch-chains-12": {chains, term.Style{Width: 80, Height: 12}},
		"watch-low":       {stale, term.Style{Width: 80, Height: 6}},
		"watch-nothing":   {nothing, term.Style{Width: 80, Height: 24}},
	} {
		samples.Golden(t, name, drawn(t, c.Watched.Frame(c.Style)))
	}
}

// TestFrameFits tries every size of a terminal.
func TestFrameFits(t *testing.T) {
	before, after := watchedTenants()
	for _, chains := range []bool{false, true} {
		frame := Watched{Statuses: after, Changes: tenant.Changes(before, after), Now: samples.At, Chains: chains, Notes: []string{strings.Repeat("a note ", 20)}}
		for width := 10; width < 130; width += 3 {
			for height := 2; height < 30; height++ {
				for _, colour := range []bool{false, true} {
					lines := frame.Frame(term.Style{Width: width, Height: height, Colour: colour})
					if len(lines) > max(1, height-1) {
						t.Errorf("%d lines on a terminal of %d", len(lines), height)
					}
					for _, line := range lines {
						if n := utf8.RuneCountInString(escape.Unmarked(line)); n > max(width, 20) {
							t.Errorf("%d wide on a terminal of %d: %q", n, width, line)
						}
					}
				}
			}
		}
	}
}

func TestChangeLines(t *testing.T) {
	before, after := watchedTenants()
	first := ChangeLines(tenant.Changes(nil, before), true, samples.At, false)
	objects := ChangeLines(tenant.Changes(nil, before), true, samples.At, true)
	later := ChangeLines(tenant.Changes(before, after), false, samples.At, true)
	if same := tenant.Changes(after, after); len(same) != 0 {
		t.Errorf("changes without any: %v", same)
	}
	samples.Golden(t, "watch-lines", drawn(t, append(append(append(first, ""), append(objects, "")...), later...)))
}
