/** What the app says. `{name}` and the like are filled in. */
interface Messages {
  tagline: string
  install: string
  installHint: string
  greeting: string
  companies: string
  roleAdmin: string
  roleMember: string
  since: string
  active: string
  uninstalled: string
  disconnected: string
  needs_reauthorization: string
  reinstall: string
  disconnect: string
  addCompany: string
  addHint: string
  notes: string
  notesOf: string
  notesOfHint: string
  newNote: string
  keep: string
  noNotes: string
  signOut: string
  notFound: string
  noteTooLong: string
  providerAway: string
}

const en: Messages = {
  tagline: 'Notes that stay with you, whichever company you are at.',
  install: 'Connect a company',
  installHint: 'You sign in at the provider, choose one of your companies, and allow Field Notes there.',
  greeting: 'Hello, {name}',
  companies: 'Your companies',
  roleAdmin: 'Administrator',
  roleMember: 'Member',
  since: 'Connected since {date}',
  active: 'Connected',
  uninstalled: 'Removed at the company',
  disconnected: 'Disconnected by you',
  needs_reauthorization: 'Needs your permission again',
  reinstall: 'Connect again',
  disconnect: 'Disconnect',
  addCompany: 'Add another company',
  addHint: 'It joins this account. Your notes stay one list.',
  notes: 'Notes',
  notesOf: 'Notes of {company}',
  notesOfHint: 'Everyone at {company} who uses Field Notes reads and writes these.',
  newNote: 'New note',
  keep: 'Keep it',
  noNotes: 'Nothing written down yet.',
  signOut: 'Sign out',
  notFound: 'There is no such page.',
  noteTooLong: 'A note must have between 1 and 2000 characters.',
  providerAway: 'The provider does not answer at the moment. Nothing was changed; try again soon.',
}

const fr: Messages = {
  tagline: 'Des notes qui vous suivent, dans chacune de vos entreprises.',
  install: 'Connecter une entreprise',
  installHint: 'Connectez-vous chez le fournisseur, choisissez une de vos entreprises et autorisez-y Field Notes.',
  greeting: 'Bonjour {name}',
  companies: 'Vos entreprises',
  roleAdmin: 'Administration',
  roleMember: 'Membre',
  since: 'Connectée depuis le {date}',
  active: 'Connectée',
  uninstalled: 'Retirée par l’entreprise',
  disconnected: 'Déconnectée par vous',
  needs_reauthorization: 'Votre autorisation est de nouveau nécessaire',
  reinstall: 'Reconnecter',
  disconnect: 'Déconnecter',
  addCompany: 'Ajouter une autre entreprise',
  addHint: 'Elle rejoint ce compte. Vos notes restent une seule liste.',
  notes: 'Notes',
  notesOf: 'Notes de {company}',
  notesOfHint: 'Chez {company}, tous ceux qui utilisent Field Notes les lisent et y écrivent.',
  newNote: 'Nouvelle note',
  keep: 'Garder',
  noNotes: 'Rien de noté pour l’instant.',
  signOut: 'Se déconnecter',
  notFound: 'Cette page n’existe pas.',
  noteTooLong: 'Une note doit avoir entre 1 et 2000 caractères.',
  providerAway: 'Le fournisseur ne répond pas pour le moment. Rien n’a été modifié ; réessayez bientôt.',
}

const ar: Messages = {
  tagline: 'ملاحظات تبقى معك في أي شركة كنت.',
  install: 'ربط شركة',
  installHint: 'تسجّل الدخول لدى المزوّد، وتختار إحدى شركاتك، وتسمح لتطبيق Field Notes هناك.',
  greeting: 'مرحبًا {name}',
  companies: 'شركاتك',
  roleAdmin: 'مسؤول',
  roleMember: 'عضو',
  since: 'متصلة منذ {date}',
  active: 'متصلة',
  uninstalled: 'أُزيل التطبيق لدى الشركة',
  disconnected: 'قطعتَ الاتصال',
  needs_reauthorization: 'يلزم إذنك من جديد',
  reinstall: 'إعادة الربط',
  disconnect: 'قطع الاتصال',
  addCompany: 'إضافة شركة أخرى',
  addHint: 'تنضم إلى هذا الحساب، وتبقى ملاحظاتك قائمة واحدة.',
  notes: 'الملاحظات',
  notesOf: 'ملاحظات {company}',
  notesOfHint: 'يقرؤها ويكتب فيها كل من يستخدم Field Notes في {company}.',
  newNote: 'ملاحظة جديدة',
  keep: 'حفظ',
  noNotes: 'لم يُدوَّن شيء بعد.',
  signOut: 'تسجيل الخروج',
  notFound: 'لا توجد صفحة كهذه.',
  noteTooLong: 'يجب أن تحتوي الملاحظة على ما بين 1 و2000 حرف.',
  providerAway: 'المزوّد لا يستجيب حاليًا. لم يتغير شيء؛ حاول مجددًا قريبًا.',
}

const messages: Record<string, Messages> = { en, fr, ar }

/** The app's languages, the default first. */
export const languages = Object.keys(messages)

/** A message in one of the languages; what is filled in does not change the direction of the words around it. */
export function say(language: string, key: keyof Messages, values: Record<string, string> = {}): string {
  const text = (messages[language] ?? en)[key]
  return text.replace(/\{(\w+)\}/g, (_, name: string) => `\u2068${values[name] ?? ''}\u2069`)
}
