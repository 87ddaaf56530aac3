package cluster
import ("testing";"os";"context";"fmt";"time";"github.com/digihunch/kubectl-orthweb/pkg/tree")
func TestProto(t *testing.T){
 s:=time.Now()
 tr,err:=tree.Open(os.Getenv("T")); if err!=nil{t.Fatal(err)}
 fmt.Println("open",time.Since(s), len(tr.Files(".")))
 cs,err:=Discover(context.Background(),tr); if err!=nil{t.Fatal(err)}
 fmt.Println("discover",time.Since(s))
 for _,c:=range cs{
  fmt.Println("CLUSTER",c.Entry,len(c.Objects))
  for _,k:=range c.Kustomizations{ n:=0; if k.Built!=nil{n=len(k.Built.Objects)}; fmt.Println("  ",k.GetNamespace(),k.GetName(),k.Start(),n,k.Elsewhere,k.Err) }
  if os.Getenv("V")!=""{ for _,o:=range c.Objects{ fmt.Println("     ",o.Ref(),o.Start()); for _,f:=range []string{"metadata.namespace","metadata.name","spec.template.spec.containers[0].image","spec.values","spec.replicas"}{ p,ok:=o.Locate(f); fmt.Println("           ",f,p,ok)}}}
 }
}
