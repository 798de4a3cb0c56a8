import type { Command } from 'commander'
import { addAdminKeyCommands } from './admin-key.ts'
import { addAppCommands } from './app.ts'
import { addAppPolicyCommands } from './app-policy.ts'
import { addAuditCommands } from './audit.ts'
import { addCleanCommand } from './clean.ts'
import { addCompanyCommands } from './company.ts'
import { addCompletionCommand } from './completion.ts'
import { addDevCommand } from './dev.ts'
import { addDoctorCommand } from './doctor/doctor.ts'
import { addExamples } from './examples.ts'
import { addInstallationCommands } from './installation.ts'
import { addKeyCommands } from './key.ts'
import { addLoadCommand } from './load.ts'
import { addMemberCommands } from './member.ts'
import { addMigrateCommand } from './migrate.ts'
import { addMoveCommands } from './move.ts'
import { addOperatorCommands } from './operator.ts'
import { emptyProgram } from './program.ts'
import { addResourceServerCommands } from './resource-server.ts'
import { addServeCommand } from './serve.ts'
import { addSettingsCommands } from './settings.ts'
import { addTokenCommands } from './token.ts'
import { addUserCommands } from './user.ts'

/** Every command of `tenantry`. */
export function createProgram(): Command {
  const program = emptyProgram()
  addDevCommand(program)
  addServeCommand(program)
  addMigrateCommand(program)
  addMoveCommands(program)
  addCompanyCommands(program)
  addUserCommands(program)
  addMemberCommands(program)
  addOperatorCommands(program)
  addAppCommands(program)
  addAppPolicyCommands(program)
  addResourceServerCommands(program)
  addInstallationCommands(program)
  addTokenCommands(program)
  addAdminKeyCommands(program)
  addAuditCommands(program)
  addKeyCommands(program)
  addSettingsCommands(program)
  addDoctorCommand(program)
  addCleanCommand(program)
  addLoadCommand(program)
  addCompletionCommand(program)
  addExamples(program)
  return program
}
