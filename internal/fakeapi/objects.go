package fakeapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Deny forbids to list and get a resource ("plural.group"), except in these namespaces.
func (s *Server) Deny(resource string, but ...string) {
	s.set(func() { s.denied[resource] = but })
}

// Allow reverts a Deny.
func (s *Server) Allow(resource string) {
	s.set(func() { delete(s.denied, resource) })
}

// answer answers a request without a fault. A client that reads slowly does not block others.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if isWatch(r) {
		s.watch(w, r)
		return
	}
	answer := httptest.NewRecorder()
	s.set(func() { s.route(answer, r) })
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // a client that disconnected does not read it
}

// route finds the answer. The caller holds the lock.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if s.discover(w, r, path) {
		return
	}
	kind, namespace, name, ok := s.target(path)
	resource := schema.GroupResource{Group: kind.Group, Resource: kind.Resource}
	switch {
	case !ok:
		notServed(w)
	case s.stale[kind.Group]:
		refuse(w, apierrors.NewServiceUnavailable("the server is currently unable to handle the request"))
	case r.Method == http.MethodPatch && name != "" && r.Header.Get("Content-Type") == "application/merge-patch+json":
		s.patch(w, r, kind, namespace, name)
	case r.Method == http.MethodPatch && name != "" && r.Header.Get("Content-Type") == "application/apply-patch+yaml" && r.URL.Query().Get("dryRun") == "All":
		s.apply(w, r, kind, namespace, name)
	case r.Method != http.MethodGet:
		refuse(w, apierrors.NewMethodNotSupported(resource, strings.ToLower(r.Method)))
	case s.forbids(resource, namespace) && name != "":
		refuse(w, forbidden("get", resource, namespace, name))
	case s.forbids(resource, namespace):
		refuse(w, forbidden("list", resource, namespace, name))
	case name != "":
		s.get(w, kind, namespace, name)
	default:
		s.list(w, r, kind, namespace)
	}
}

// forbids reports whether the resource is denied in the namespace. The caller holds the lock.
func (s *Server) forbids(resource schema.GroupResource, namespace string) bool {
	but, denied := s.denied[resource.String()]
	return denied && !slices.Contains(but, namespace)
}

// target parses a path: /api/v1/…, /apis/GROUP/VERSION/…, below it
// [namespaces/NAMESPACE/]RESOURCE[/NAME].
func (s *Server) target(path []string) (kind Kind, namespace, name string, ok bool) {
	gv, rest := schema.GroupVersion{}, path
	switch {
	case path[0] == "api" && len(path) > 2:
		gv, rest = schema.GroupVersion{Version: path[1]}, path[2:]
	case path[0] == "apis" && len(path) > 3:
		gv, rest = schema.GroupVersion{Group: path[1], Version: path[2]}, path[3:]
	default:
		return Kind{}, "", "", false
	}
	if rest[0] == "namespaces" && len(rest) > 2 {
		namespace, rest = rest[1], rest[2:]
	}
	if len(rest) > 1 {
		name = rest[1]
	}
	at := slices.IndexFunc(s.kinds, func(k Kind) bool { return k.GroupVersion() == gv && k.Resource == rest[0] })
	if at < 0 || len(rest) > 2 || namespace != "" && !s.kinds[at].Namespaced {
		return Kind{}, "", "", false
	}
	return s.kinds[at], namespace, name, true
}

func (s *Server) get(w http.ResponseWriter, kind Kind, namespace, name string) {
	obj := s.objects[objectKey{kind.GroupKind(), namespace, name}]
	if obj == nil {
		refuse(w, apierrors.NewNotFound(schema.GroupResource{Group: kind.Group, Resource: kind.Resource}, name))
		return
	}
	obj = obj.DeepCopy()
	obj.SetGroupVersionKind(kind.GroupVersionKind)
	write(w, obj.Object)
}

// patch merges a patch into an object (RFC 7396), and answers with the object. A dry run stores
// nothing.
func (s *Server) patch(w http.ResponseWriter, r *http.Request, kind Kind, namespace, name string) {
	var patch map[string]any
	if err := json.NewDecoder(r.Body).Decode(&patch); err != nil {
		refuse(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	key := objectKey{kind.GroupKind(), namespace, name}
	obj, ok := s.objects[key]
	if ok && r.URL.Query().Get("dryRun") == "All" {
		write(w, merge(obj.DeepCopy().Object, patch))
		return
	}
	if ok {
		patched := obj.DeepCopy()
		patched.Object, _ = merge(patched.Object, patch).(map[string]any)
		s.record(key, patched)
	}
	s.get(w, kind, namespace, name)
}

// apply answers with what a server-side apply would store, and stores nothing. Unlike a real server,
// it keeps fields that are no longer applied, and replaces lists.
func (s *Server) apply(w http.ResponseWriter, r *http.Request, kind Kind, namespace, name string) {
	var patch map[string]any
	if err := json.NewDecoder(r.Body).Decode(&patch); err != nil {
		refuse(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	obj, exists := s.objects[objectKey{kind.GroupKind(), namespace, name}]
	if _, known := s.objects[objectKey{GroupKind: schema.GroupKind{Kind: "Namespace"}, name: namespace}]; !exists && namespace != "" && !known {
		refuse(w, apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, namespace))
		return
	}
	applied := map[string]any{}
	if exists {
		applied = obj.DeepCopy().Object
	}
	applied, _ = merge(applied, patch).(map[string]any)
	write(w, applied)
}

func merge(value any, patch map[string]any) any {
	object, ok := value.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for key, change := range patch {
		switch nested, ok := change.(map[string]any); {
		case change == nil:
			delete(object, key)
		case ok:
			object[key] = merge(object[key], nested)
		default:
			object[key] = change
		}
	}
	return object
}

// list answers with a page of the objects that the request selects.
func (s *Server) list(w http.ResponseWriter, r *http.Request, kind Kind, namespace string) {
	query := r.URL.Query()
	before, version := s.position(query.Get("continue"))
	if before > 0 && version < s.compacted {
		refuse(w, apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result."))
		return
	}
	selected, err := selected(s.objectsAt(version), kind, namespace, query)
	if err != nil {
		refuse(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	page, meta := s.page(selected, query, before, version)
	list := map[string]any{"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind + "List", "metadata": meta}
	items := make([]any, len(page))
	metadata := strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadataList")
	if metadata {
		list["apiVersion"], list["kind"] = "meta.k8s.io/v1", "PartialObjectMetadataList"
	}
	for i, obj := range page {
		items[i] = itemOf(obj, kind, metadata)
	}
	list["items"] = items
	write(w, list)
}

// itemOf returns an object in the form that it has in a list: objects of built-in kinds have no
// apiVersion and kind.
func itemOf(obj *unstructured.Unstructured, kind Kind, metadata bool) map[string]any {
	if metadata {
		return map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": obj.Object["metadata"]}
	}
	item := obj.DeepCopy()
	item.SetGroupVersionKind(kind.GroupVersionKind)
	if builtIn.MatchString(kind.Group) {
		delete(item.Object, "apiVersion")
		delete(item.Object, "kind")
	}
	return item.Object
}

// builtIn matches the groups of the API server's own types.
var builtIn = regexp.MustCompile(`^[a-z]*$|^(rbac\.authorization|[a-z]+)\.k8s\.io$`)

// selected returns the objects of a kind that the selectors match, by namespace and name.
func selected(objects map[objectKey]*unstructured.Unstructured, kind Kind, namespace string, query url.Values) ([]*unstructured.Unstructured, error) {
	byLabel, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		return nil, err
	}
	byField, err := fields.ParseSelector(query.Get("fieldSelector"))
	if err != nil {
		return nil, err
	}
	for _, required := range byField.Requirements() {
		if !slices.Contains(selectable(kind.GroupKind()), required.Field) {
			return nil, fmt.Errorf("field label not supported: %s", required.Field)
		}
	}
	var found []*unstructured.Unstructured
	for key, obj := range objects {
		if key.GroupKind == kind.GroupKind() && (namespace == "" || key.namespace == namespace) &&
			byLabel.Matches(labels.Set(obj.GetLabels())) && byField.Matches(fieldSet{obj.Object}) {
			found = append(found, obj)
		}
	}
	slices.SortFunc(found, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return found, nil
}

// selectable are the fields by which a kind can be selected (kubernetes v1.36,
// pkg/apis/core/v1/conversion.go and the same file of other groups).
func selectable(gk schema.GroupKind) []string {
	all := []string{"metadata.name", "metadata.namespace"}
	switch gk.String() {
	case "Pod":
		return append(all, "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase", "status.podIP", "status.nominatedNodeName")
	case "Event":
		return append(all, "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type")
	case "Secret":
		return append(all, "type")
	case "Namespace":
		return append(all, "status.phase")
	case "Node":
		return append(all, "spec.unschedulable")
	case "Job.batch":
		return append(all, "status.successful")
	case "ReplicaSet.apps":
		return append(all, "status.replicas")
	}
	return all
}

// fieldSet returns an object's fields for a selector; a missing field is empty.
type fieldSet struct{ object map[string]any }

func (f fieldSet) Has(string) bool { return true }

func (f fieldSet) Get(field string) string {
	value, found, err := unstructured.NestedFieldNoCopy(f.object, strings.Split(field, ".")...)
	if !found || err != nil {
		return ""
	}
	return fmt.Sprint(value)
}

// position is what a continue token contains: how many objects precede the page, and the resource
// version of the list.
func (s *Server) position(token string) (before, version int) {
	if n, _ := fmt.Sscanf(token, "%d@%d", &before, &version); n != 2 {
		return 0, len(s.history)
	}
	return before, version
}

// objectsAt returns the objects at a resource version.
func (s *Server) objectsAt(version int) map[objectKey]*unstructured.Unstructured {
	if version >= len(s.history) {
		return s.objects
	}
	objects := maps.Clone(s.base)
	for _, c := range s.history[s.compacted:max(version, s.compacted)] {
		c.apply(objects)
	}
	return objects
}

// page returns one page of the objects.
func (s *Server) page(objects []*unstructured.Unstructured, query url.Values, before, version int) ([]*unstructured.Unstructured, metav1.ListMeta) {
	limit, _ := strconv.Atoi(query.Get("limit"))
	if limit > 0 && s.pageSize > 0 {
		limit = min(limit, s.pageSize)
	}
	meta := metav1.ListMeta{ResourceVersion: strconv.Itoa(version)}
	page := objects[min(before, len(objects)):]
	if limit > 0 && len(page) > limit {
		rest := int64(len(page) - limit)
		page = page[:limit]
		meta.Continue, meta.RemainingItemCount = fmt.Sprintf("%d@%d", before+limit, version), &rest
	}
	return page, meta
}

// forbidden is the error of RBAC.
func forbidden(verb string, resource schema.GroupResource, namespace, name string) *apierrors.StatusError {
	where := "at the cluster scope"
	if namespace != "" {
		where = fmt.Sprintf("in the namespace %q", namespace)
	}
	why := fmt.Sprintf("User %q cannot %s resource %q in API group %q %s", "jane", verb, resource.Resource, resource.Group, where)
	return apierrors.NewForbidden(resource, name, errors.New(why))
}

func refuse(w http.ResponseWriter, err *apierrors.StatusError) {
	status := err.Status()
	status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	writeStatus(w, int(status.Code), status)
}

// notServed is the answer for an unknown path.
func notServed(w http.ResponseWriter) { http.Error(w, "404 page not found", http.StatusNotFound) }

func write(w http.ResponseWriter, value any) { writeStatus(w, http.StatusOK, value) }

func writeStatus(w http.ResponseWriter, code int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // as above
}
