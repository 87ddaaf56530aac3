// Package kubecontext makes a lab a context of its user's own kubeconfig, as kind
// does with its clusters, and takes it out again.
package kubecontext

import (
	"errors"
	"fmt"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Name is that of the context, the cluster and the user.
const Name = "orthweb-lab"

// Add adds the lab with the given kubeconfig to the user's own ($KUBECONFIG or
// ~/.kube/config), and replaces an earlier lab. It becomes the current context only if
// there is none, so that the user's next kubectl does not use another cluster. The result
// reports whether it is the current one.
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
	// An entry is written to the file it came from; these go to the user's own.
	cluster.LocationOfOrigin, user.LocationOfOrigin = "", ""
	return modify(func(own *api.Config) {
		own.Clusters[Name], own.AuthInfos[Name] = cluster, user
		own.Contexts[Name] = &api.Context{Cluster: Name, AuthInfo: Name}
		if own.Contexts[own.CurrentContext] == nil {
			own.CurrentContext = Name
		}
	})
}

// Remove takes the lab at the server's address out of the user's kubeconfig.
// What is there under its name but leads elsewhere is left alone.
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
