// Package kubecontext adds a lab as a context to its user's kubeconfig, as kind does with its
// clusters, and removes it again.
package kubecontext

import (
	"errors"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Name is the name of the context, the cluster and the user.
const Name = "orthweb-lab"

// Add adds the lab with the given kubeconfig to the user's own ($KUBECONFIG or ~/.kube/config),
// and replaces an earlier lab. It becomes the current context only if there is none, so that
// the user's next kubectl does not use another cluster. Add reports whether it is the current
// one.
func Add(file string) (current bool, err error) {
	lab, err := clientcmd.LoadFromFile(file)
	if err == nil {
		err = api.FlattenConfig(lab)
	}
	if err != nil {
		return false, fmt.Errorf("reading the lab's kubeconfig: %w", err)
	}
	context := lab.Contexts[lab.CurrentContext]
	if context == nil {
		return false, fmt.Errorf("the lab's kubeconfig %s has no current context", file)
	}
	cluster, user := lab.Clusters[context.Cluster], lab.AuthInfos[context.AuthInfo]
	if cluster == nil || user == nil {
		return false, fmt.Errorf("the context of the lab's kubeconfig %s leads nowhere", file)
	}
	// kubectl's library writes an entry to the file that it came from; these entries belong to
	// the user's default file.
	cluster.LocationOfOrigin, user.LocationOfOrigin = "", ""
	return modify(func(own *api.Config) {
		own.Clusters[Name], own.AuthInfos[Name] = cluster, user
		own.Contexts[Name] = &api.Context{Cluster: Name, AuthInfo: Name}
		if own.Contexts[own.CurrentContext] == nil {
			own.CurrentContext = Name
		}
	})
}

// Remove removes the lab at the server's address from the user's kubeconfig. It keeps an entry
// with the lab's name that has another address.
func Remove(file string) error {
	lab, err := clientcmd.LoadFromFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the lab's kubeconfig: %w", err)
	}
	servers := map[string]bool{}
	for _, cluster := range lab.Clusters {
		servers[cluster.Server] = true
	}
	_, err = modify(func(own *api.Config) {
		cluster := own.Clusters[Name]
		if cluster == nil || !servers[cluster.Server] {
			return
		}
		delete(own.Clusters, Name)
		delete(own.AuthInfos, Name)
		delete(own.Contexts, Name)
		if own.CurrentContext == Name {
			own.CurrentContext = ""
		}
	})
	return err
}

func modify(change func(*api.Config)) (current bool, err error) {
	path := clientcmd.NewDefaultPathOptions()
	own, err := path.GetStartingConfig()
	if err != nil {
		return false, fmt.Errorf("reading your kubeconfig: %w", err)
	}
	change(own)
	if err := clientcmd.ModifyConfig(path, *own, false); err != nil {
		return false, fmt.Errorf("writing your kubeconfig: %w", err)
	}
	return own.CurrentContext == Name, nil
}
