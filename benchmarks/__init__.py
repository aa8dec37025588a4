"""The benchmarks: what Tenantry costs beside what it is compared with, as ratios from one run on one machine."""
