package fluxmsg

// Message is a message as it stands in the cluster, with what it says. Its
// methods parse it, each at most once and only when asked; the flag that they
// return is false for a message that says nothing of that sort. A Message is not
// safe for use from several goroutines.
type Message struct {
	// Text is the whole message.
	Text string

	acme            reading[ACME]
	apiError        reading[APIError]
	build           reading[Build]
	chartRepository reading[ChartRepository]
	container       reading[Container]
	pull            reading[Container]
	dependency      reading[Dependency]
	healthCheck     reading[HealthCheck]
	helm            reading[Helm]
	valueErrors     reading[[]HelmValueError]
	ownership       reading[Ownership]
	namespace       reading[NamespaceContent]
	provisioning    reading[Provisioning]
	resize          reading[Provisioning]
	scheduling      reading[Scheduling]
	source          reading[Source]
	fetch           reading[Source]
}

// reading is what one parser found in a message.
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

// ACME is why an ACME server or solver refused.
func (m *Message) ACME() (ACME, bool) { return m.acme.of(m.Text, parseACME) }

// APIError is the API server's refusal of a request.
func (m *Message) APIError() (APIError, bool) { return m.apiError.of(m.Text, parseAPIError) }

// Build is why kustomize could not build a layer.
func (m *Message) Build() (Build, bool) { return m.build.of(m.Text, parseBuild) }

// ChartRepository is why a chart's repository can't serve it.
func (m *Message) ChartRepository() (ChartRepository, bool) {
	return m.chartRepository.of(m.Text, parseChartRepository)
}

// Container is what keeps a container from running.
func (m *Message) Container() (Container, bool) { return m.container.of(m.Text, parseContainer) }

// Pull is why an image can't be pulled, of the waiting state of a container that
// waits for it.
func (m *Message) Pull() (Container, bool) { return m.pull.of(m.Text, parsePull) }

// Dependency is what a layer or release waits for.
func (m *Message) Dependency() (Dependency, bool) { return m.dependency.of(m.Text, parseDependency) }

// HealthCheck are the objects that did not become ready in time.
func (m *Message) HealthCheck() (HealthCheck, bool) {
	return m.healthCheck.of(m.Text, parseHealthCheck)
}

// Helm is what a Helm action failed on.
func (m *Message) Helm() (Helm, bool) { return m.helm.of(m.Text, parseHelm) }

// HelmValueErrors are the values that a chart's schema refuses.
func (m *Message) HelmValueErrors() ([]HelmValueError, bool) {
	return m.valueErrors.of(m.Text, parseHelmValueErrors)
}

// Ownership is the other owner of an object that Helm would install.
func (m *Message) Ownership() (Ownership, bool) { return m.ownership.of(m.Text, parseOwnership) }

// NamespaceContent is what is left in a namespace that is being deleted.
func (m *Message) NamespaceContent() (NamespaceContent, bool) {
	return m.namespace.of(m.Text, parseNamespaceContent)
}

// Provisioning is why a claim has no volume.
func (m *Message) Provisioning() (Provisioning, bool) {
	return m.provisioning.of(m.Text, parseProvisioning)
}

// Resize is why the volume of a claim was not expanded, of a message about that.
func (m *Message) Resize() (Provisioning, bool) { return m.resize.of(m.Text, parseResize) }

// Scheduling is why no node takes a pod.
func (m *Message) Scheduling() (Scheduling, bool) { return m.scheduling.of(m.Text, parseScheduling) }

// Source is why a source or chart could not be fetched.
func (m *Message) Source() (Source, bool) { return m.source.of(m.Text, parseSource) }

// Fetch is why a source could not be fetched, of a message on the source itself. Its
// Problem is SourceOther where the message does not say.
func (m *Message) Fetch() (Source, bool) { return m.fetch.of(m.Text, parseFetch) }

// Messages are the messages that have been looked at, by their text, so that
// each is parsed once wherever it is quoted.
type Messages map[string]*Message

// Of is the message with that text.
func (m Messages) Of(text string) *Message {
	if m[text] == nil {
		m[text] = &Message{Text: text}
	}
	return m[text]
}
