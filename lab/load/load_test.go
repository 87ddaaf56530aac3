package load

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/digihunch/kubectl-orthweb/lab/cluster"
	"github.com/digihunch/kubectl-orthweb/lab/recording"
)

const tenant = "bhs"

// recorded are the objects of a tenant of a recorded cluster, with Secrets that the test makes:
// those of a recording have no data.
func recorded(t *testing.T) []Object {
	t.Helper()
	f, err := os.Open("../../examples/healthy.tgz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	snapshot, err := recording.Read(f, strings.NewReplacer())
	if err != nil {
		t.Fatal(err)
	}
	var out []Object
	certificates := newCertificates(t)
	for _, list := range snapshot.Files {
		for _, o := range list {
			if !belongs(o, tenant) {
				continue
			}
			// As the API server's objects, with whole numbers.
			text, err := o.MarshalJSON()
			if err == nil {
				err = o.UnmarshalJSON(text)
			}
			if err != nil {
				t.Fatal(err)
			}
			switch o.GroupVersionKind().GroupKind() {
			case secretKind:
				unstructured.RemoveNestedField(o.Object, "data")
				if data := certificates[o.GetName()]; data != nil {
					_ = unstructured.SetNestedStringMap(o.Object, data, "data")
				}
			case requestKind:
				unstructured.RemoveNestedField(o.Object, "spec", "request")
				unstructured.RemoveNestedField(o.Object, "status", "certificate")
				unstructured.RemoveNestedField(o.Object, "status", "ca")
			}
			out = append(out, o)
		}
	}
	return append(out, newRelease(t))
}

func newRelease(t *testing.T) Object {
	text, err := encodeRelease(map[string]any{"name": "postgres-ha", "namespace": "bhs-orthweb", "manifest": "a:\nbhs-orthweb\n", "version": json.Number("1")})
	if err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
		"metadata": map[string]any{"name": "sh.helm.release.v1.postgres-ha.v1", "namespace": "bhs-orthweb", "uid": "8fa73826-6057-4f76-8ae5-b176849b286f"},
		"data":     map[string]any{releaseKey: text},
	}}
}

// newCertificates are the data of the Secrets of a CA and a server.
func newCertificates(t *testing.T) map[string]map[string]string {
	t.Helper()
	sign := func(c, parent *x509.Certificate, key, signer *rsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	newKey := func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	caKey, serverKey := newKey(), newKey()
	from, until := time.Now().Truncate(time.Second), time.Now().Truncate(time.Second).Add(time.Hour)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bhs CA"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "orthweb.com"}, DNSNames: []string{"web.bhs.orthweb.com"},
		NotBefore: from, NotAfter: until,
	}
	caDER := sign(ca, ca, caKey, caKey)
	serverDER := sign(server, ca, serverKey, caKey)
	block := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return map[string]map[string]string{
		"int-ca-secret":  {"tls.crt": block(certificateBlock, caDER), "tls.key": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(caKey))},
		"orthweb-secret": {"tls.crt": block(certificateBlock, serverDER), "ca.crt": block(certificateBlock, caDER), "tls.key": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(serverKey))},
	}
}

func template(t *testing.T) *Template {
	t.Helper()
	tmpl, err := NewTemplate(tenant, recorded(t))
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

// created is a copy as the API server stores it, with new UIDs.
func created(t *testing.T, objects []Object) []Object {
	t.Helper()
	uids := map[string]string{}
	var out []Object
	for i, o := range objects {
		o = o.DeepCopy()
		old := string(o.GetUID())
		Resolve(o, uids)
		uids[old] = fmt.Sprintf("00000000-0000-0000-0000-%012d", i)
		o.SetUID("")
		out = append(out, o)
	}
	return out
}

// TestCopyHasNothingOfTheOriginal checks that a copy, healthy or broken, refers only to itself.
func TestCopyHasNothingOfTheOriginal(t *testing.T) {
	tmpl := template(t)
	old := map[string]bool{}
	for _, o := range tmpl.objects {
		old[string(o.GetUID())] = true
	}
	for _, ip := range append(tmpl.pods, tmpl.addresses...) {
		old[ip] = true
	}
	if len(tmpl.objects) < 140 || len(tmpl.pods) != 9 || len(tmpl.addresses) != 1 {
		t.Fatalf("%d objects, %d Pods, %d addresses", len(tmpl.objects), len(tmpl.pods), len(tmpl.addresses))
	}
	for _, number := range []int{1, Max} {
		for _, fault := range append(Faults(), Healthy) {
			objects, err := tmpl.Copy(number)
			if err != nil {
				t.Fatal(err)
			}
			if objects, err = Break(Name(number), fault, objects, time.Now()); err != nil {
				t.Fatalf("%s: %v", fault, err)
			}
			names := map[string]bool{}
			for _, o := range created(t, objects) {
				if names[name(o)] {
					t.Errorf("%s: two %s", fault, name(o))
				}
				names[name(o)] = true
				if o.GetLabels()[cluster.CopyLabel] == "" {
					t.Errorf("%s: %s has no label", fault, name(o))
				}
				check := func(s string) {
					if old[s] || replaceWord(s, tenant, "") != s || strings.Contains(s, "BHS") {
						t.Errorf("%s: %s has %q", fault, name(o), s)
					}
				}
				eachString(o.Object, check)
				for key := range o.GetLabels() {
					check(key)
				}
				eachDecoded(t, o, check)
			}
		}
	}
}

// eachDecoded calls check with the data of Secrets.
func eachDecoded(t *testing.T, o Object, check func(string)) {
	data, _, _ := unstructured.NestedStringMap(o.Object, "data")
	if o.GetKind() != "Secret" {
		return
	}
	for key, value := range data {
		if key == releaseKey {
			content, err := decodeRelease(value)
			if err != nil {
				t.Fatal(err)
			}
			eachString(content, check)
		} else if decoded, err := base64.StdEncoding.DecodeString(value); err != nil {
			t.Errorf("%s: %v", name(o), err)
		} else {
			check(string(decoded))
		}
	}
}

// TestReferencesOfACopy checks that owners precede the objects that refer to them, and that all
// references of the original are references of the copy.
func TestReferencesOfACopy(t *testing.T) {
	tmpl := template(t)
	objects, err := tmpl.Copy(7)
	if err != nil {
		t.Fatal(err)
	}
	owned := 0
	byUID := map[string]Object{}
	for i, o := range objects {
		if !reflect.DeepEqual(uidsIn(tmpl.objects[i]), uidsIn(o)) && o.GetKind() != "PersistentVolume" {
			t.Errorf("%s refers to others than %s", name(o), name(tmpl.objects[i]))
		}
		for _, owner := range o.GetOwnerReferences() {
			owned++
			if got := byUID[string(owner.UID)]; got == nil || got.GetName() != owner.Name || got.GetKind() != owner.Kind {
				t.Errorf("%s: its owner %s %s does not precede it", name(o), owner.Kind, owner.Name)
			}
		}
		byUID[string(o.GetUID())] = o
	}
	if owned < 20 {
		t.Errorf("only %d owners", owned)
	}
}

func TestCopiesDiffer(t *testing.T) {
	tmpl := template(t)
	seen := map[string]string{}
	for number := 1; number <= 3; number++ {
		objects, err := tmpl.Copy(number)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			for _, ip := range append(podAddresses(o), balancerAddresses(o)...) {
				if other := seen[ip]; other != "" {
					t.Errorf("%s has the address of %s: %s", name(o), other, ip)
				}
				seen[ip] = name(o)
			}
		}
	}
}

func TestCertificatesOfACopy(t *testing.T) {
	objects, err := template(t).Copy(3)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(secret, key string) *x509.Certificate {
		for _, o := range objects {
			if o.GetKind() != "Secret" || o.GetName() != secret {
				continue
			}
			text, _, _ := unstructured.NestedString(o.Object, "data", key)
			data, _ := base64.StdEncoding.DecodeString(text)
			block, _ := pem.Decode(data)
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		t.Fatalf("no Secret %s", secret)
		return nil
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate("int-ca-secret", "tls.crt"))
	server := certificate("orthweb-secret", "tls.crt")
	if _, err := server.Verify(x509.VerifyOptions{Roots: roots, DNSName: "web.t0003.orthweb.com", KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	if ca := certificate("orthweb-secret", "ca.crt"); ca.Subject.CommonName != "t0003 CA" || !ca.Equal(certificate("int-ca-secret", "tls.crt")) {
		t.Errorf("the CA is %s", ca.Subject)
	}
}

// TestBreak checks that a fault changes some objects, and not those of the healthy copy.
func TestBreak(t *testing.T) {
	objects, err := template(t).Copy(1)
	if err != nil {
		t.Fatal(err)
	}
	healthy, err := json.Marshal(objects)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range Faults() {
		broken, err := Break("t0001", fault, objects, time.Now())
		if err != nil {
			t.Errorf("%s: %v", fault, err)
		}
		failing := 0
		for _, o := range broken {
			list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
			for _, c := range list {
				if c := c.(map[string]any); o.GetKind() == "Kustomization" && c["type"] == "Ready" && c["status"] == "False" {
					failing++
				}
			}
		}
		if failing == 0 {
			t.Errorf("%s: all layers are ready", fault)
		}
	}
	if now, err := json.Marshal(objects); err != nil || string(now) != string(healthy) {
		t.Errorf("a fault changed the healthy copy: %v", err)
	}
	if _, err := Break("t0001", "other", objects, time.Now()); err == nil {
		t.Error("an unknown fault is accepted")
	}
}

func TestReplaceWord(t *testing.T) {
	for from, want := range map[string]string{
		"bhs": "t1", "bhs-orthweb": "t1-orthweb", "web.bhs.orthweb.com": "web.t1.orthweb.com", "_bhs-orthweb__Namespace": "_t1-orthweb__Namespace",
		"abhs": "abhs", "bhs1": "bhs1", "bhsbhs": "bhsbhs", "bhs bhs": "t1 t1", "bhsbhs bhs": "bhsbhs t1", "": "", "a\nbhs": "a\nt1", "x": "x",
	} {
		if got := replaceWord(from, "bhs", "t1"); got != want {
			t.Errorf("%q: %q, want %q", from, got, want)
		}
	}
}

func TestGenerations(t *testing.T) {
	o := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"generation": int64(5)},
		"status": map[string]any{
			"observedGeneration": int64(4), "lastAttemptedGeneration": int64(5), "replicas": int64(3),
			"conditions": []any{map[string]any{"observedGeneration": int64(5)}, map[string]any{"observedGeneration": int64(1)}},
		},
	}}
	relativeGenerations(o)
	absoluteGenerations(o, 2)
	want := map[string]any{
		"observedGeneration": int64(1), "lastAttemptedGeneration": int64(2), "replicas": int64(3),
		"conditions": []any{map[string]any{"observedGeneration": int64(2)}, map[string]any{"observedGeneration": int64(0)}},
	}
	if !reflect.DeepEqual(o.Object["status"], want) {
		t.Errorf("%v", o.Object["status"])
	}
}
