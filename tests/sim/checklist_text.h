/* The release checklist of the simulated team, as it stands in its repository. */
#pragma once

extern const char sim_checklist_text[];
