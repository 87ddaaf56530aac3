package logs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/kube/podlogs"
	"github.com/digihunch/kubectl-orthweb/pkg/logs"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/mask"
	"github.com/digihunch/kubectl-orthweb/pkg/redact/sensitive"
	"github.com/digihunch/kubectl-orthweb/pkg/render/logline"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

// stream prints the lines of one tenant.
type stream struct {
	*options
	tenant      string
	groups      []logs.Place
	concern     logs.Concern
	identifiers *logs.Identifiers
	readers     map[string]*logs.Reader
	printer     *logline.Printer
	format      logline.Format
	printed     int
	// unread is what has been reported, and notes what will be at the end.
	unread map[string]bool
	notes  []string
}

// places are where pods are read, and which of their containers.
func (s *stream) places(shared time.Time) []podlogs.Place {
	var places []podlogs.Place
	for _, place := range s.groups {
		places = append(places, podlogs.Place{Namespace: place.Namespace, Containers: func(pod *podlogs.Pod) []podlogs.Container {
			group, ok := place.GroupOf(pod.Labels)
			if !ok {
				return nil
			}
			var chosen []podlogs.Container
			for _, name := range pod.Containers {
				if len(s.containers) > 0 && !slices.Contains(s.containers, name) {
					continue
				}
				c := podlogs.Container{Name: name}
				if group.Shared {
					c.Since = shared
					c.Keep = func(text []byte) bool { return s.concern.Covers(logs.Parse(string(text))) }
				}
				chosen = append(chosen, c)
			}
			return chosen
		}})
	}
	return places
}

// group is the group of a pod.
func (s *stream) group(pod *podlogs.Pod) logs.Group {
	for _, place := range s.groups {
		if place.Namespace == pod.Namespace {
			group, _ := place.GroupOf(pod.Labels)
			return group
		}
	}
	return logs.Group{}
}

// line prints a line, unless the user does not want it.
func (s *stream) line(l podlogs.Line) error {
	key := l.Pod.UID + " " + l.Container
	reader := s.readers[key]
	if reader == nil {
		if len(s.readers) > maxReaders {
			clear(s.readers)
		}
		reader = &logs.Reader{}
		s.readers[key] = reader
	}
	text := string(l.Text)
	entry := reader.Next(text)
	if entry.Level != logs.Unknown && entry.Level < s.least || s.grep != "" && !s.pattern.MatchString(text) {
		return nil
	}
	group := s.group(l.Pod)
	out := logline.Line{
		Time: l.Time, Source: group.Source, Namespace: l.Pod.Namespace, Pod: l.Pod.Name, Container: l.Container,
		Label: label(l, group.Shared), Level: entry.Level, Skipped: l.Skipped,
	}
	if s.format == logline.Raw {
		out.Raw = []byte(s.masked(text, entry))
	} else {
		out.Message = s.masked(entry.Message, entry)
		for _, f := range entry.Fields {
			out.Fields = append(out.Fields, logs.Field{Key: f.Key, Value: s.maskedField(f)})
		}
		out.Object = entry.Object()
	}
	s.printed++
	return s.printer.Print(out)
}

// maxReaders bounds the containers whose last level is remembered.
const maxReaders = 5000

// masked is a text without secrets, and without identifiers unless the user wants them.
func (s *stream) masked(text string, entry logs.Entry) string {
	if !s.show {
		text = s.identifiers.Mask(text, entry.Statement)
	}
	return mask.Mask(text)
}

func (s *stream) maskedField(f logs.Field) string {
	if sensitive.Key(f.Key) {
		return mask.Redacted
	}
	if !s.show {
		f.Value = s.identifiers.MaskField(f)
	}
	return mask.Mask(f.Value)
}

// label is the name of a container in the prefix: that of its pod, without the hash of its
// ReplicaSet, and that of the container if the pod has several.
func label(l podlogs.Line, shared bool) string {
	name := l.Pod.Name
	if hash := l.Pod.Labels["pod-template-hash"]; hash != "" {
		if workload, suffix, ok := strings.Cut(name, "-"+hash+"-"); ok {
			name = workload + "-" + suffix
			if shared {
				name = workload
			}
		}
	}
	if len(l.Pod.Containers) > 1 {
		name += " " + l.Container
	}
	return name
}

// problem reports what could not be read, each once.
func (s *stream) problem(p podlogs.Problem) {
	errs := s.call.Streams.ErrOut
	switch {
	case p.Lost:
		escape.Fprintf(errs, "The API server does not answer: %v; retrying.\n", reason(p.Err))
		return
	case p.Reconnected:
		escape.Fprintln(errs, "The API server answers again.")
		return
	}
	text := s.describe(p)
	if s.unread[text] || len(s.unread) > maxReaders {
		return
	}
	s.unread[text] = true
	note := "Not read: "
	switch {
	case podlogs.IsWaiting(p.Err) && s.previous:
		return
	case podlogs.IsWaiting(p.Err):
		note = "No log yet: "
	case p.Retrying:
		note = "Not read, retrying: "
	}
	if s.follow {
		escape.Fprintf(errs, "%s%s.\n", note, text)
	} else {
		s.notes = append(s.notes, note+text)
	}
}

// report prints what could not be read, in a fixed order.
func (s *stream) report() {
	slices.Sort(s.notes)
	for _, note := range s.notes {
		escape.Fprintf(s.call.Streams.ErrOut, "%s.\n", note)
	}
}

// describe is what could not be read, and why.
func (s *stream) describe(p podlogs.Problem) string {
	verb, resource := "get", "pods/log"
	if p.Pod == "" {
		verb, resource = "list", "pods"
	}
	if apierrors.IsForbidden(p.Err) {
		return snapshot.Failure{Reason: snapshot.Forbidden, Verb: verb, Resource: resource, Namespace: p.Namespace}.String()
	}
	if p.Pod == "" {
		return fmt.Sprintf("pods in namespace %q: %v", p.Namespace, reason(p.Err))
	}
	return fmt.Sprintf("container %s of pod %s/%s: %v", p.Container, p.Namespace, p.Pod, reason(p.Err))
}

// reason is the innermost error: those around it repeat the request.
func reason(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return errors.New(mask.Mask(err.Error()))
		}
		err = inner
	}
}

// outcome is the result of the command, when all logs have been read.
func (s *stream) outcome(result podlogs.Result) error {
	errs := s.call.Streams.ErrOut
	switch {
	case result.Containers == 0 && len(s.unread) > 0:
		if s.previous && result.Failed > 0 {
			return advice.Add(fmt.Errorf("no container of tenant %s has a previous instance whose log could be read", s.tenant),
				"Show the current logs: %s logs %s", s.call.Name, escape.ShellWord(s.tenant))
		}
		return advice.Add(fmt.Errorf("no log of tenant %s could be read", s.tenant), "Request the missing permissions (docs/rbac.md has the role, orthweb-log-reader), or show the state of the pods: %s explain %s", s.call.Name, escape.ShellWord(s.tenant))
	case result.Containers == 0 && len(s.containers) > 0:
		return advice.Add(fmt.Errorf("tenant %s has no container %s", s.tenant, escape.List(s.containers)), "Omit --container to print the logs of all containers.")
	case result.Containers == 0:
		return advice.Add(fmt.Errorf("tenant %s has no pods", s.tenant), "Show why: %s explain %s", s.call.Name, escape.ShellWord(s.tenant))
	case s.printed == 0:
		escape.Fprintf(errs, "No lines of tenant %s%s.\n", s.tenant, s.chosen())
	}
	return nil
}

// chosen describes which lines the user has chosen.
func (s *stream) chosen() string {
	if s.limited || s.level != "" || s.grep != "" || s.previous {
		return " match the flags"
	}
	return ""
}
