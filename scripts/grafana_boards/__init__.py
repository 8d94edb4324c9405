"""The Grafana dashboards of ccrouter, as code: scripts/dashboards writes deploy/grafana/dashboards from it."""
