-- SPDX-License-Identifier: BSD-3-Clause
-- Tests job_submit.lua: lua job_submit_test.lua JOB_SUBMIT_LUA.  Slurm itself is not needed.
slurm = {SUCCESS = 0}
dofile(arg[1])

local failures = 0

local function expect(job, comment)
  assert(slurm_job_submit(job, {}, 1000) == slurm.SUCCESS)
  if job.admin_comment ~= comment then
    failures = failures + 1
    print(string.format("expected %q, found %q", tostring(comment), tostring(job.admin_comment)))
  end
end

local function batch(environment) return {script = "#!/bin/sh\n", environment = environment} end

expect({}, nil)
expect(batch({}), nil)
expect(batch({CHOS = ""}), nil)
expect(batch({CHOS = "trixie"}), "chos=trixie")
expect(batch({CHOS = "trixie", SLURM_CHOS = "option:el9"}), "chos=el9")
expect(batch({CHOS = "/os/trixie~2"}), "chos=/os/trixie~2")
expect({spank_job_env = {"SPANK_CHOS=trixie"}}, "chos=trixie")

-- What the user wrote must not look like more lines or fields of a report, nor act on a terminal.
local refused = "chos=(not a name)"
for _, name in ipairs({"a\nUserId=root(0)", "a\r", "a b", "a|b", "a,b", "a=b", "'", "\27]0;title\7", "\27[31m",
                       "\155", "\194\155", "\226\128\174", "a\0b", string.rep("a", 256)}) do
  expect(batch({CHOS = name}), refused)
  expect(batch({SLURM_CHOS = "option:" .. name}), refused)
  expect({spank_job_env = {"CHOS=" .. name}}, refused)
end

os.exit(failures == 0)
