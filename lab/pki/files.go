package pki

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Context is the name of the context in the kubeconfigs of a lab.
const Context = "orthweb-lab"

// Files are the paths of the files that Write wrote. Keys are always readable by their owner
// only, even during the write.
type Files struct {
	CA, CAKey                 string
	FrontCA                   string
	Serving, ServingKey       string
	FrontProxy, FrontProxyKey string
	EtcdClient, EtcdClientKey string
	TokenKey, TokenPublicKey  string
	// Kubeconfigs has a path for each of Users.
	Kubeconfigs map[string]string
}

// Write creates all credentials of a lab and writes them to dir, which must not contain such
// files. The kubeconfigs name server, the API server's address; serviceIP is the address of the
// Service kubernetes.
func Write(dir, server string, serviceIP net.IP) (Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Files{}, fmt.Errorf("creating the directory of the certificates: %w", err)
	}
	w := &writer{dir: dir}
	ca, front := w.ca("orthweb-lab-ca"), w.ca("orthweb-lab-front-proxy-ca")
	if w.err != nil {
		return Files{}, w.err
	}
	var f Files
	f.CA, f.CAKey = w.pair("ca", ca.Pair, nil)
	f.FrontCA = w.file("front-proxy-ca.crt", front.Cert)
	f.Serving, f.ServingKey = w.issued("serving")(ca.Loopback("orthweb-lab", serviceIP))
	f.FrontProxy, f.FrontProxyKey = w.issued("front-proxy")(front.Client("front-proxy-client"))
	f.EtcdClient, f.EtcdClientKey = w.issued("etcd-client")(ca.Client("orthweb-lab:etcd-client"))
	f.TokenKey, f.TokenPublicKey = w.tokenKey()
	f.Kubeconfigs = map[string]string{}
	for part, user := range Users() {
		pair, err := ca.Client(user.Name, user.Groups...)
		f.Kubeconfigs[part] = w.kubeconfig(part+".kubeconfig", server, ca.Cert, pair, err)
	}
	return f, w.err
}

// writer writes files until the first error, which it records.
type writer struct {
	dir string
	err error
}

func (w *writer) file(name string, data []byte) string {
	path := filepath.Join(w.dir, name)
	if w.err != nil {
		return path
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		w.err = fmt.Errorf("creating %s: %w", path, err)
		return path
	}
	if _, err = f.Write(data); err == nil {
		err = f.Close()
	} else {
		_ = f.Close()
	}
	if err != nil {
		w.err = fmt.Errorf("writing %s: %w", path, err)
	}
	return path
}

func (w *writer) pair(name string, p Pair, err error) (cert, key string) {
	if w.err == nil {
		w.err = err
	}
	return w.file(name+".crt", p.Cert), w.file(name+".key", p.Key)
}

func (w *writer) issued(name string) func(Pair, error) (cert, key string) {
	return func(p Pair, err error) (string, string) { return w.pair(name, p, err) }
}

func (w *writer) ca(name string) *CA {
	a, err := NewCA(name)
	if w.err == nil {
		w.err = err
	}
	return a
}

func (w *writer) tokenKey() (private, public string) {
	priv, pub, err := NewSigningKey()
	if w.err == nil {
		w.err = err
	}
	return w.file("service-account.key", priv), w.file("service-account.pub", pub)
}

func (w *writer) kubeconfig(name, server string, ca []byte, p Pair, err error) string {
	if w.err == nil {
		w.err = err
	}
	cfg := clientcmdapi.NewConfig()
	cfg.Clusters[Context] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	cfg.AuthInfos[Context] = &clientcmdapi.AuthInfo{ClientCertificateData: p.Cert, ClientKeyData: p.Key}
	cfg.Contexts[Context] = &clientcmdapi.Context{Cluster: Context, AuthInfo: Context}
	cfg.CurrentContext = Context
	data, err := clientcmd.Write(*cfg)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("encoding %s: %w", name, err)
	}
	return w.file(name, data)
}
