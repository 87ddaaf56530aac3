package dashboard

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
)

// Credentials are what a user needs to sign in.
type Credentials struct {
	// Text says which, and where they are, as a sentence.
	Text string
	// Command shows or creates them, empty if there is none.
	Command string
}

// GrafanaCredentials are those of Grafana's administrator, by the environment of its pod.
func GrafanaCredentials(pod *unstructured.Unstructured) Credentials {
	namespace := pod.GetNamespace()
	user, password := secretKey(pod, "GF_SECURITY_ADMIN_USER"), secretKey(pod, "GF_SECURITY_ADMIN_PASSWORD")
	switch {
	case password.name == "":
		return Credentials{Text: "Where the credentials are is not known: the pod of Grafana gets no GF_SECURITY_ADMIN_PASSWORD from a Secret."}
	case user.name != password.name:
		return Credentials{
			Text:    fmt.Sprintf("Sign in as Grafana's administrator (admin by default). Password: key %s of Secret %s/%s.", password.key, namespace, password.name),
			Command: showSecret(namespace, password.name, password.key),
		}
	}
	return Credentials{
		Text:    fmt.Sprintf("Sign in as Grafana's administrator. User: key %s, password: key %s of Secret %s/%s.", user.key, password.key, namespace, user.name),
		Command: showSecret(namespace, user.name, user.key, password.key),
	}
}

// key is a key of a Secret.
type key struct{ name, key string }

// secretKey is the key that an environment variable of a pod has its value from.
func secretKey(pod *unstructured.Unstructured, variable string) key {
	for _, container := range object.List(pod.Object, "spec", "containers") {
		for _, env := range object.List(container, "env") {
			if object.Text(env, "name") == variable {
				from := object.Map(env, "valueFrom", "secretKeyRef")
				return key{object.Text(from, "name"), object.Text(from, "key")}
			}
		}
	}
	return key{}
}

// showSecret is the command that shows keys of a Secret, each on its line.
func showSecret(namespace, name string, keys ...string) string {
	template := ""
	for _, key := range keys {
		template += fmt.Sprintf(`{{index .data %q | base64decode}}{{"\n"}}`, key)
	}
	return escape.Command("kubectl get secret %s -n %s -o go-template=%s", name, namespace, template)
}

// KialiConfigMap names the ConfigMap with Kiali's configuration, by the volumes of its pod.
func KialiConfigMap(pod *unstructured.Unstructured) string {
	for _, container := range object.List(pod.Object, "spec", "containers") {
		for _, mount := range object.List(container, "volumeMounts") {
			for _, volume := range object.List(pod.Object, "spec", "volumes") {
				name := object.Text(volume, "configMap", "name")
				if name != "" && object.Text(mount, "mountPath") == "/kiali-configuration" && object.Text(mount, "name") == object.Text(volume, "name") {
					return name
				}
			}
		}
	}
	return "kiali"
}

// KialiCredentials are what Kiali requires, by its configuration (kiali.io, Authentication
// Strategies).
func KialiCredentials(pod *unstructured.Unstructured, config []byte) Credentials {
	var parsed struct {
		Auth struct {
			Strategy string `json:"strategy"`
		} `json:"auth"`
	}
	if err := yaml.Unmarshal(config, &parsed); err != nil {
		return Credentials{Text: "How to sign in is not known: Kiali's configuration is malformed."} // the error may quote it
	}
	switch strategy := parsed.Auth.Strategy; strategy {
	case "anonymous":
		return Credentials{Text: "No sign-in is required: everybody who can connect to Kiali sees the whole mesh (auth.strategy anonymous)."}
	case "", "token":
		account := object.Text(pod.Object, "spec", "serviceAccountName")
		if account == "" {
			account = "default"
		}
		return Credentials{
			Text:    "Sign in with the token of a service account; Kiali shows what the account may read. Kiali's own may read everything.",
			Command: escape.Command("kubectl create token %s -n %s", account, pod.GetNamespace()),
		}
	case "openid", "openshift":
		return Credentials{Text: fmt.Sprintf("Sign in at the identity provider that Kiali redirects to (auth.strategy %s). It must allow redirects to this address.", strategy)}
	case "header":
		return Credentials{Text: "Kiali expects the sign-in of a proxy in front of it (auth.strategy header): it rejects requests through this port."}
	default:
		return Credentials{Text: "How to sign in is not known: Kiali has an unknown auth.strategy."}
	}
}

// PrometheusCredentials are what Prometheus requires.
func PrometheusCredentials() Credentials {
	return Credentials{Text: "Prometheus requires no sign-in, unless its web configuration has users."}
}
