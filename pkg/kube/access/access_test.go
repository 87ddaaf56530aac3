package access

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
)

// allowPods answers each review: only requests for pods are allowed.
func allowPods(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review authorizationv1.SelfSubjectAccessReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || r.Method != http.MethodPost {
			http.Error(w, "not a review", http.StatusBadRequest)
			return
		}
		review.Status.Allowed = review.Spec.ResourceAttributes.Resource == "pods"
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(review)
	})
}

func TestReview(t *testing.T) {
	const path = "/selfsubjectaccessreviews$"
	for _, test := range []struct {
		name    string
		fault   fakeapi.Fault
		pods    bool
		unknown string
	}{
		{"answers", allowPods, true, ""},
		{"may not ask", fakeapi.Status(http.StatusForbidden, "Forbidden", "no"), false, "forbidden: cannot create selfsubjectaccessreviews.authorization.k8s.io at the cluster scope"},
		{"not served", fakeapi.Status(http.StatusNotFound, "NotFound", "no"), false, "the cluster does not serve selfsubjectaccessreviews.authorization.k8s.io"},
		{"a server error", fakeapi.Status(http.StatusInternalServerError, "InternalError", "etcd has no leader"), false, "etcd has no leader"},
		{"another kind", fakeapi.JSON(`{"kind":"PodList","apiVersion":"v1"}`), false, "PodList"},
		{"no status", fakeapi.JSON(`{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1"}`), false, "has no status"},
		{"a login page", fakeapi.Body(http.StatusOK, "text/html", "<html><title>Sign in</title></html>"), false, "reading the user's permissions"},
		{"an authorizer that fails", fakeapi.JSON(`{"kind":"SelfSubjectAccessReview","status":{"allowed":false,"evaluationError":"webhook down"}}`), false, "webhook down"},
		{"an authorizer that fails, and one that allows", fakeapi.JSON(`{"kind":"SelfSubjectAccessReview","status":{"allowed":true,"evaluationError":"webhook down"}}`), true, ""},
		{"a refusal", fakeapi.JSON(`{"kind":"SelfSubjectAccessReview","status":{"allowed":false,"denied":true,"evaluationError":"webhook down"}}`), false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			api := fakeapi.New(t)
			api.Fail(path, test.fault)
			answers, err := Review(t.Context(), &rest.Config{Host: api.URL}, []authorizationv1.ResourceAttributes{{Verb: "list", Resource: "pods"}})
			if err != nil {
				t.Fatal(err)
			}
			got := answers[0]
			if got.Allowed != test.pods || (got.Unknown == "") != (test.unknown == "") || !strings.Contains(got.Unknown, test.unknown) {
				t.Errorf("%+v, want %v %q", got, test.pods, test.unknown)
			}
		})
	}
}

// TestReviewKeepsOrder checks that each answer belongs to its question.
func TestReviewKeepsOrder(t *testing.T) {
	api := fakeapi.New(t)
	api.Fail("/selfsubjectaccessreviews$", allowPods)
	var questions []authorizationv1.ResourceAttributes
	for i := range 60 {
		questions = append(questions, authorizationv1.ResourceAttributes{Verb: "list", Resource: []string{"nodes", "pods"}[i%2]})
	}
	answers, err := Review(t.Context(), &rest.Config{Host: api.URL}, questions)
	if err != nil {
		t.Fatal(err)
	}
	for i, answer := range answers {
		if answer.Allowed != (i%2 == 1) || answer.Unknown != "" {
			t.Errorf("%d: %+v", i, answer)
		}
	}
}

// TestReviewEnds checks that it ends with its context.
func TestReviewEnds(t *testing.T) {
	api := fakeapi.New(t)
	api.Fail("/selfsubjectaccessreviews$", fakeapi.Hang())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Review(ctx, &rest.Config{Host: api.URL}, make([]authorizationv1.ResourceAttributes, 3)); err == nil {
		t.Error("no error")
	}
}
