// Package message parses the messages that the controllers of Flux, Helm, the
// Kubernetes API server, the scheduler and the kubelet write into conditions and
// events, and returns what they name: objects, fields, charts, images.
//
// Messages are free text: they change between releases, and include text from other
// programs. So each parser matches exact wordings, each with its
// source, and returns false for anything else: a wrong guess would point to a healthy
// object. Names are only accepted if they have the form and the length that Kubernetes
// allows.
//
// The parsers never panic, and their run time is linear in the length of the message.
// Messages are read up to 64 KiB; Kubernetes keeps 32 KiB of the message of a condition
// and 1 KiB of that of an event (k8s.io/apimachinery v0.36, Condition.Message;
// k8s.io/client-go v0.36, tools/events).
package message

import (
	"github.com/digihunch/kubectl-orthweb/pkg/message/apierror"
	"github.com/digihunch/kubectl-orthweb/pkg/message/healthcheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/helm"
	"github.com/digihunch/kubectl-orthweb/pkg/message/kubelet"
)

// Message is a message from the cluster, with its parsed content. Each method parses
// the message at most once and only when it is called; its second result is false if
// the message is of another type. A Message is not safe for concurrent use.
type Message struct {
	// Text is the whole message.
	Text string

	acme            reading[ACME]
	apiError        reading[apierror.Error]
	build           reading[Build]
	chartRepository reading[ChartRepository]
	container       reading[kubelet.Container]
	pull            reading[kubelet.Container]
	dependency      reading[Dependency]
	healthCheck     reading[healthcheck.Failure]
	helm            reading[helm.Failure]
	valueErrors     reading[[]helm.ValueError]
	ownership       reading[helm.Ownership]
	namespace       reading[NamespaceContent]
	provisioning    reading[kubelet.Provisioning]
	resize          reading[kubelet.Provisioning]
	scheduling      reading[kubelet.Scheduling]
	source          reading[Source]
	fetch           reading[Source]
}

// reading is the result of one parser for a message.
type reading[T any] struct {
	done  bool
	value T
	ok    bool
}

func (r *reading[T]) of(text string, parse func(string) (T, bool)) (T, bool) {
	if !r.done {
		r.done = true
		r.value, r.ok = parse(text)
	}
	return r.value, r.ok
}

// ACME is why an ACME server or solver refused the request.
func (m *Message) ACME() (ACME, bool) { return m.acme.of(m.Text, parseACME) }

// APIError is the refusal of a request by the API server.
func (m *Message) APIError() (apierror.Error, bool) {
	return m.apiError.of(m.Text, apierror.Parse)
}

// Build is why kustomize could not build a layer.
func (m *Message) Build() (Build, bool) { return m.build.of(m.Text, parseBuild) }

// ChartRepository is why the repository of a chart can't serve it.
func (m *Message) ChartRepository() (ChartRepository, bool) {
	return m.chartRepository.of(m.Text, parseChartRepository)
}

// Container is why a container does not run.
func (m *Message) Container() (kubelet.Container, bool) {
	return m.container.of(m.Text, kubelet.ParseContainer)
}

// Pull is why an image can't be pulled, from the waiting state of a container.
func (m *Message) Pull() (kubelet.Container, bool) { return m.pull.of(m.Text, kubelet.ParsePull) }

// Dependency is what a layer or release waits for.
func (m *Message) Dependency() (Dependency, bool) { return m.dependency.of(m.Text, parseDependency) }

// HealthCheck are the objects that did not become ready in time.
func (m *Message) HealthCheck() (healthcheck.Failure, bool) {
	return m.healthCheck.of(m.Text, healthcheck.Parse)
}

// Helm is why a Helm action failed.
func (m *Message) Helm() (helm.Failure, bool) { return m.helm.of(m.Text, helm.Parse) }

// HelmValueErrors are the values that the schema of a chart refuses.
func (m *Message) HelmValueErrors() ([]helm.ValueError, bool) {
	return m.valueErrors.of(m.Text, helm.ParseValueErrors)
}

// Ownership is the owner of an object that Helm should install.
func (m *Message) Ownership() (helm.Ownership, bool) {
	return m.ownership.of(m.Text, helm.ParseOwnership)
}

// NamespaceContent is what remains in a namespace that is being deleted.
func (m *Message) NamespaceContent() (NamespaceContent, bool) {
	return m.namespace.of(m.Text, parseNamespaceContent)
}

// Provisioning is why a claim has no volume.
func (m *Message) Provisioning() (kubelet.Provisioning, bool) {
	return m.provisioning.of(m.Text, kubelet.ParseProvisioning)
}

// Resize is why the volume of a claim was not expanded, from a message about that.
func (m *Message) Resize() (kubelet.Provisioning, bool) {
	return m.resize.of(m.Text, kubelet.ParseResize)
}

// Scheduling is why no node takes a pod.
func (m *Message) Scheduling() (kubelet.Scheduling, bool) {
	return m.scheduling.of(m.Text, kubelet.ParseScheduling)
}

// Source is why a source or chart could not be fetched.
func (m *Message) Source() (Source, bool) { return m.source.of(m.Text, parseSource) }

// Fetch is why a source could not be fetched, from a message of the source itself. Its
// Problem is SourceOther if the message does not name the problem.
func (m *Message) Fetch() (Source, bool) { return m.fetch.of(m.Text, parseFetch) }

// Messages are parsed messages by their text, so that each is parsed once.
type Messages map[string]*Message

// Of is the message with that text.
func (m Messages) Of(text string) *Message {
	if m[text] == nil {
		m[text] = &Message{Text: text}
	}
	return m[text]
}
