-- SPDX-License-Identifier: BSD-3-Clause
-- A job_submit plugin of Slurm (JobSubmitPlugins=lua) that lets administrators see the OS of a job: `scontrol
-- show job` shows it as AdminComment=chos=NAME, and so does sacct(1).  A site with its own job_submit.lua
-- copies os_of(), shown() and the two lines that use them.

-- The OS that spank_chos will choose, or nil for the site's default.  Only batch jobs have an environment
-- here; it includes --export=ALL,CHOS=NAME.
local function os_of(job_desc)
  local environment = job_desc.script and job_desc.environment or {}
  local by_option = string.match(environment["SLURM_CHOS"] or "", "^option:(.+)$")
  local own = environment["CHOS"]
  if by_option or (own and own ~= "") then return by_option or own end
  for _, entry in pairs(job_desc.spank_job_env or {}) do
    local os = string.match(entry, "^S?P?A?N?K?_?CHOS=(.+)$")
    if os then return os end
  end
end

-- A user wrote the name.  Anything that is no name could look like another line or field of a report, or act
-- on the terminal of an administrator.
local function shown(os)
  return #os <= 255 and string.match(os, "^[A-Za-z0-9._+~/-]+$") or "(not a name)"
end

function slurm_job_submit(job_desc, part_list, submit_uid)
  local os = os_of(job_desc)
  if os then job_desc.admin_comment = "chos=" .. shown(os) end
  return slurm.SUCCESS
end

function slurm_job_modify(job_desc, job_rec, part_list, modify_uid)
  return slurm.SUCCESS
end
