package packaging

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// compose is the example as docker compose understands it, checked against the
// schema and for names that lead nowhere.
func compose(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "deploy/compose/compose.yaml")}, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestCompose(t *testing.T) {
	project := compose(t)
	service := project.Services["callvault"]
	if got := service.DependsOn["db"].Condition; got != types.ServiceConditionHealthy {
		t.Errorf("callvault waits for a database that is %q", got)
	}
	if project.Services["db"].HealthCheck == nil {
		t.Error("nothing says when the database is healthy")
	}
	for _, published := range service.Ports {
		if published.HostIP != "127.0.0.1" {
			t.Errorf("port %s is open to everybody, without TLS", published.Published)
		}
	}
	if len(project.Services["db"].Ports) > 0 {
		t.Error("the database is open to others than callvault")
	}
	if !service.ReadOnly || len(service.CapDrop) != 1 || service.CapDrop[0] != "ALL" {
		t.Errorf("callvault may do more than it needs: read only %v, dropped %v", service.ReadOnly, service.CapDrop)
	}
}

// Passwords are in files that secrets.sh makes, and each service names those that
// it is given.
func TestComposeSecrets(t *testing.T) {
	project := compose(t)
	script := string(read(t, "deploy/compose/secrets.sh"))
	for name, secret := range project.Secrets {
		if !strings.Contains(script, ">secrets/"+filepath.Base(secret.File)) {
			t.Errorf("%s: nothing makes %s", name, secret.File)
		}
	}
	for service, variable := range map[string]string{"callvault": "PGPASSFILE", "db": "POSTGRES_PASSWORD_FILE"} {
		given := project.Services[service].Secrets
		file := project.Services[service].Environment[variable]
		if len(given) != 1 || file == nil || *file != "/run/secrets/"+given[0].Source {
			t.Errorf("%s is given %v and reads %s", service, given, variable)
		}
	}
}
