package plugin

import ("testing";"fmt";"strings";"encoding/json"
 "github.com/digihunch/kubectl-orthweb/pkg/kube/queries"
 "github.com/digihunch/kubectl-orthweb/internal/fakeapi"
)

func TestZZSize(t *testing.T) {
	snap := fakeapi.Example(t, "healthy")
	for _, q := range queries.Status() {
		n, b := 0, 0
		parts := map[string]int{}
		for _, obj := range snap.List(q.GroupKind, "").Objects {
			if !strings.Contains(obj.GetNamespace()+"/"+obj.GetName(), "mhr") { continue }
			n++
			x, _ := json.Marshal(obj.Object)
			b += len(x)
			for k, v := range obj.Object { 
				if m, ok := v.(map[string]any); ok { for k2, v2 := range m { x, _ := json.Marshal(v2); parts[k+"."+k2] += len(x) } }
			}
		}
		fmt.Println(q.Kind, q.FieldSelector, n, b, parts)
	}
}
