package fluxmsg

// Message is a message from the cluster, with its parsed content. Each method parses
// the message at most once and only when it is called; its second result is false if
// the message is of another type. A Message is not safe for concurrent use.
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
func (m *Message) APIError() (APIError, bool) { return m.apiError.of(m.Text, parseAPIError) }

// Build is why kustomize could not build a layer.
func (m *Message) Build() (Build, bool) { return m.build.of(m.Text, parseBuild) }

// ChartRepository is why the repository of a chart can't serve it.
func (m *Message) ChartRepository() (ChartRepository, bool) {
	return m.chartRepository.of(m.Text, parseChartRepository)
}

// Container is why a container does not run.
func (m *Message) Container() (Container, bool) { return m.container.of(m.Text, parseContainer) }

// Pull is why an image can't be pulled, from the waiting state of a container.
func (m *Message) Pull() (Container, bool) { return m.pull.of(m.Text, parsePull) }

// Dependency is what a layer or release waits for.
func (m *Message) Dependency() (Dependency, bool) { return m.dependency.of(m.Text, parseDependency) }

// HealthCheck are the objects that did not become ready in time.
func (m *Message) HealthCheck() (HealthCheck, bool) {
	return m.healthCheck.of(m.Text, parseHealthCheck)
}

// Helm is why a Helm action failed.
func (m *Message) Helm() (Helm, bool) { return m.helm.of(m.Text, parseHelm) }

// HelmValueErrors are the values that the schema of a chart refuses.
func (m *Message) HelmValueErrors() ([]HelmValueError, bool) {
	return m.valueErrors.of(m.Text, parseHelmValueErrors)
}

// Ownership is the owner of an object that Helm should install.
func (m *Message) Ownership() (Ownership, bool) { return m.ownership.of(m.Text, parseOwnership) }

// NamespaceContent is what remains in a namespace that is being deleted.
func (m *Message) NamespaceContent() (NamespaceContent, bool) {
	return m.namespace.of(m.Text, parseNamespaceContent)
}

// Provisioning is why a claim has no volume.
func (m *Message) Provisioning() (Provisioning, bool) {
	return m.provisioning.of(m.Text, parseProvisioning)
}

// Resize is why the volume of a claim was not expanded, from a message about that.
func (m *Message) Resize() (Provisioning, bool) { return m.resize.of(m.Text, parseResize) }

// Scheduling is why no node takes a pod.
func (m *Message) Scheduling() (Scheduling, bool) { return m.scheduling.of(m.Text, parseScheduling) }

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
