export {
  type Asked,
  type AttackSuite,
  type InjectionTask,
  injectionText,
  obedientEngine,
  orderedCalls,
  type PlannedCall,
  runSuite,
  type SuiteReport,
  type UserTask,
} from './attack-suite.ts';
export { type BankingData, bankingSuite, type Transaction } from './banking-suite.ts';
export { checkCalls } from './check-calls.ts';
export {
  type AcceptedCall,
  type FunctionCallingCase,
  jsonSchemaOf,
  perfectCalls,
  toolName,
  toolsOf,
} from './function-calling.ts';
export { type MailInjectionReport, type MailQuestion, runMailInjections } from './mail-injection.ts';
export { wilson } from './wilson.ts';
export {
  type CalendarEvent,
  type Mail,
  type OfficeFile,
  type WorkspaceData,
  workspaceSuite,
} from './workspace-suite.ts';
