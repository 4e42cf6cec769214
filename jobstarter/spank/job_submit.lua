-- SPDX-License-Identifier: BSD-3-Clause
-- A job_submit plugin of Slurm (JobSubmitPlugins=lua) that lets administrators see the OS of a job:
-- `scontrol show job` shows it as AdminComment=chos=NAME, and so does sacct(1).
-- A site that has a job_submit.lua calls these two lines in its own.

function slurm_job_submit(job_desc, part_list, submit_uid)
  local os = job_desc.spank_job_env and job_desc.spank_job_env["CHOS"]
  if os then job_desc.admin_comment = "chos=" .. os end
  return slurm.SUCCESS
end

function slurm_job_modify(job_desc, job_rec, part_list, modify_uid)
  return slurm.SUCCESS
end
