// Package render turns models into bytes: tables and texts for users; package versioned has
// the objects that scripts read. It decides how results look, never what they mean.
package render

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/digihunch/kubectl-orthweb/pkg/message"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

// None is printed for a missing value, unseen for one that could not be read.
const (
	None   = "-"
	unseen = "?"
)

// Age is the time from then to now as kubectl writes it ("14m"), None when
// then is not known.
func Age(then, now time.Time) string {
	if then.IsZero() {
		return None
	}
	return duration.HumanDuration(max(0, now.Sub(then)))
}

// stateSince is a subject's state, and for how long it has been in it if that is known
// and not zero.
func stateSince(subject, state string, since, now time.Time) string {
	if forSoLong := forHowLong(since, now); forSoLong != "" {
		return subject + " has been " + state + " " + forSoLong
	}
	return subject + " is " + state
}

// forHowLong is "for 24m", empty if the start is not known or is now.
func forHowLong(since, now time.Time) string {
	if since.IsZero() || now.Sub(since) < time.Second {
		return ""
	}
	return "for " + Age(since, now)
}

// left is the time from now to an end, or states that the end has passed.
func left(end, now time.Time) string {
	switch {
	case end.IsZero():
		return None
	case !now.Before(end):
		return "expired"
	}
	return duration.HumanDuration(end.Sub(now))
}

// certificateLeft is for how long the tenant's certificate is valid.
func certificateLeft(s tenant.Status, now time.Time) string {
	if s.CertificateEnd.IsZero() && s.CertificatesUnread {
		return unseen
	}
	return left(s.CertificateEnd, now)
}

// revision is a source's revision with seven digits of its digest.
func revision(full string) string {
	if full == "" {
		return None
	}
	return message.AbbreviateRevision(full)
}

// mentions reports whether a message contains the words of a reason, written
// "HealthCheckFailed" or "health check failed".
func mentions(message, reason string) bool {
	squeeze := func(text string) string { return strings.ToLower(strings.ReplaceAll(text, " ", "")) }
	return strings.Contains(squeeze(message), squeeze(reason))
}

var longHex = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{28,52}\b`)

// CutDigests shortens digests, and keeps their prefix: a missing "sha256:" may be the
// cause.
func CutDigests(text string) string { return longHex.ReplaceAllString(text, "$1…") }

func replicas(r tenant.Replicas) string {
	switch {
	case !r.Known:
		return unseen
	case r.Wanted == 0:
		return None
	}
	return fmt.Sprintf("%d/%d", r.Ready, r.Wanted)
}

func orNone(items []string) string {
	if len(items) == 0 {
		return None
	}
	return strings.Join(items, ",")
}

// dicom is "host:port", each host with the port that modalities connect to.
func dicom(e tenant.Endpoint) string {
	hosts := make([]string, len(e.Hosts))
	for i, host := range e.Hosts {
		hosts[i] = fmt.Sprintf("%s:%d", host, e.Port)
	}
	return orNone(hosts)
}

func layers(s tenant.Status) string {
	if s.Layers < 0 {
		return unseen
	}
	return fmt.Sprintf("%d/%d", s.LayersReady, s.Layers)
}

// waiting is what the tenant waits for: the object, and the word for its state.
func waiting(s tenant.Status) string {
	ref, ok := s.WaitsFor()
	if !ok {
		if s.Ready() {
			return None
		}
		return term.Clean(s.Verdict.Message)
	}
	if ref.Name == "" {
		return term.Clean(ref.Kind + ": " + string(s.Verdict.Reason))
	}
	return term.Clean(ref.Short() + ": " + string(s.Verdict.Reason))
}
