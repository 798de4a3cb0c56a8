/** What the pages of the flow say. `{company}`, `{name}`, `{date}` and `{id}` are filled in. */
export interface Messages {
  connected: string
  connectedAs: string
  connectedOn: string
  continue: string
  notNow: string
  tryAgain: string
  denied: string
  deniedBody: string
  flow: string
  flowBody: string
  used: string
  usedBody: string
  taken: string
  takenBody: string
  consent: string
  consentBody: string
  consentAsk: string
  consentAdd: string
  refused: string
  unavailable: string
  unavailableBody: string
  failed: string
  failedBody: string
}

const en: Messages = {
  connected: 'Connected to {company}',
  connectedAs: 'You are {name} at {company}.',
  connectedOn: 'Connected on {date}',
  continue: 'Continue',
  notNow: 'Not now',
  tryAgain: 'Try again',
  denied: 'Nothing was connected',
  deniedBody: 'You did not allow it, so nothing was shared.',
  flow: 'This did not start here',
  flowBody: 'This page belongs to an installation that was not started in this browser, or more than ten minutes ago.',
  used: 'Already done',
  usedBody: 'This step was taken before, and works only once.',
  taken: 'Connected to another account',
  takenBody: '{name} at {company} belongs to another account here. Sign in to that account to use it, or to move it.',
  consent: 'Add a company to your account',
  consentBody: 'To add {company} to an account that you have, sign in to it and choose there to add a company.',
  consentAsk: 'You are signed in. Do you want to add {company} to your account?',
  consentAdd: 'Add {company}',
  refused: 'This cannot be connected',
  unavailable: 'No answer at the moment',
  unavailableBody: 'The service does not answer. Nothing was changed; try again in a moment.',
  failed: 'Something went wrong',
  failedBody: 'Please try again. If it happens again, tell the makers of this app this number: {id}',
}

const fr: Messages = {
  connected: 'Connecté à {company}',
  connectedAs: 'Vous êtes {name} chez {company}.',
  connectedOn: 'Connecté le {date}',
  continue: 'Continuer',
  notNow: 'Pas maintenant',
  tryAgain: 'Réessayer',
  denied: 'Rien n’a été connecté',
  deniedBody: 'Vous n’avez pas donné votre accord : rien n’a été partagé.',
  flow: 'Cette demande n’a pas commencé ici',
  flowBody:
    'Cette page appartient à une installation qui n’a pas commencé dans ce navigateur, ou il y a plus de dix minutes.',
  used: 'Déjà fait',
  usedBody: 'Cette étape a déjà eu lieu et ne fonctionne qu’une fois.',
  taken: 'Connecté à un autre compte',
  takenBody:
    '{name} chez {company} appartient ici à un autre compte. Connectez-vous à ce compte pour l’utiliser ou le déplacer.',
  consent: 'Ajouter une entreprise à votre compte',
  consentBody:
    'Pour ajouter {company} à un compte existant, connectez-vous à ce compte et choisissez-y d’ajouter une entreprise.',
  consentAsk: 'Vous êtes connecté à votre compte. Voulez-vous y ajouter {company} ?',
  consentAdd: 'Ajouter {company}',
  refused: 'Connexion impossible',
  unavailable: 'Aucune réponse pour le moment',
  unavailableBody: 'Le service ne répond pas. Rien n’a été modifié ; réessayez dans un instant.',
  failed: 'Une erreur est survenue',
  failedBody: 'Veuillez réessayer. Si cela se répète, communiquez ce numéro à l’éditeur de l’application : {id}',
}

const de: Messages = {
  connected: 'Verbunden mit {company}',
  connectedAs: 'Sie sind {name} bei {company}.',
  connectedOn: 'Verbunden am {date}',
  continue: 'Weiter',
  notNow: 'Jetzt nicht',
  tryAgain: 'Erneut versuchen',
  denied: 'Es wurde nichts verbunden',
  deniedBody: 'Sie haben nicht zugestimmt, daher wurde nichts geteilt.',
  flow: 'Das hat nicht hier begonnen',
  flowBody:
    'Diese Seite gehört zu einer Installation, die nicht in diesem Browser oder vor mehr als zehn Minuten begonnen wurde.',
  used: 'Schon erledigt',
  usedBody: 'Dieser Schritt wurde bereits ausgeführt und ist nur einmal möglich.',
  taken: 'Mit einem anderen Konto verbunden',
  takenBody:
    '{name} bei {company} gehört hier zu einem anderen Konto. Melden Sie sich dort an, um es zu nutzen oder zu übertragen.',
  consent: 'Ein Unternehmen Ihrem Konto hinzufügen',
  consentBody:
    'Um {company} einem bestehenden Konto hinzuzufügen, melden Sie sich dort an und wählen Sie, ein Unternehmen hinzuzufügen.',
  consentAsk: 'Sie sind angemeldet. Möchten Sie {company} Ihrem Konto hinzufügen?',
  consentAdd: '{company} hinzufügen',
  refused: 'Das kann nicht verbunden werden',
  unavailable: 'Zurzeit keine Antwort',
  unavailableBody: 'Der Dienst antwortet nicht. Es wurde nichts geändert; versuchen Sie es gleich noch einmal.',
  failed: 'Etwas ist schiefgegangen',
  failedBody:
    'Bitte versuchen Sie es noch einmal. Falls es wieder geschieht, nennen Sie den Herstellern dieser App diese Nummer: {id}',
}

const es: Messages = {
  connected: 'Conectado a {company}',
  connectedAs: 'Usted es {name} en {company}.',
  connectedOn: 'Conectado el {date}',
  continue: 'Continuar',
  notNow: 'Ahora no',
  tryAgain: 'Intentar de nuevo',
  denied: 'No se conectó nada',
  deniedBody: 'Usted no lo permitió, así que no se compartió nada.',
  flow: 'Esto no empezó aquí',
  flowBody: 'Esta página pertenece a una instalación que no se inició en este navegador, o hace más de diez minutos.',
  used: 'Ya está hecho',
  usedBody: 'Este paso ya se completó y solo funciona una vez.',
  taken: 'Conectado a otra cuenta',
  takenBody: '{name} en {company} pertenece aquí a otra cuenta. Inicie sesión en ella para usarla o trasladarla.',
  consent: 'Añadir una empresa a su cuenta',
  consentBody: 'Para añadir {company} a una cuenta existente, inicie sesión en ella y elija allí añadir una empresa.',
  consentAsk: 'Tiene una sesión iniciada. ¿Quiere añadir {company} a su cuenta?',
  consentAdd: 'Añadir {company}',
  refused: 'No se puede conectar',
  unavailable: 'Sin respuesta por el momento',
  unavailableBody: 'El servicio no responde. No se cambió nada; inténtelo de nuevo en un momento.',
  failed: 'Algo salió mal',
  failedBody: 'Inténtelo de nuevo. Si se repite, dé este número a los autores de la aplicación: {id}',
}

const pt: Messages = {
  connected: 'Conectado a {company}',
  connectedAs: 'Você é {name} em {company}.',
  connectedOn: 'Conectado em {date}',
  continue: 'Continuar',
  notNow: 'Agora não',
  tryAgain: 'Tentar de novo',
  denied: 'Nada foi conectado',
  deniedBody: 'Você não autorizou, por isso nada foi compartilhado.',
  flow: 'Isso não começou aqui',
  flowBody: 'Esta página pertence a uma instalação que não começou neste navegador, ou há mais de dez minutos.',
  used: 'Já concluído',
  usedBody: 'Esta etapa já foi concluída e só funciona uma vez.',
  taken: 'Conectado a outra conta',
  takenBody: '{name} em {company} pertence aqui a outra conta. Entre nessa conta para usá-lo ou transferi-lo.',
  consent: 'Adicionar uma empresa à sua conta',
  consentBody: 'Para adicionar {company} a uma conta existente, entre nela e escolha ali adicionar uma empresa.',
  consentAsk: 'Você está conectado à sua conta. Quer adicionar {company} a ela?',
  consentAdd: 'Adicionar {company}',
  refused: 'Não é possível conectar',
  unavailable: 'Sem resposta no momento',
  unavailableBody: 'O serviço não responde. Nada foi alterado; tente de novo daqui a pouco.',
  failed: 'Algo deu errado',
  failedBody: 'Tente de novo. Se acontecer de novo, informe este número aos autores do aplicativo: {id}',
}

const et: Messages = {
  connected: 'Ühendatud: {company}',
  connectedAs: 'Sina oled {name} ettevõttes {company}.',
  connectedOn: 'Ühendatud {date}',
  continue: 'Jätka',
  notNow: 'Mitte praegu',
  tryAgain: 'Proovi uuesti',
  denied: 'Midagi ei ühendatud',
  deniedBody: 'Sa ei lubanud seda, seega ei jagatud midagi.',
  flow: 'See ei alanud siin',
  flowBody:
    'See leht kuulub paigalduse juurde, mida ei alustatud selles brauseris või mida alustati üle kümne minuti tagasi.',
  used: 'Juba tehtud',
  usedBody: 'See samm on juba tehtud ja töötab ainult ühe korra.',
  taken: 'Ühendatud teise kontoga',
  takenBody:
    '{name} ettevõttes {company} kuulub siin teisele kontole. Logi sellele kontole sisse, et seda kasutada või üle viia.',
  consent: 'Ettevõtte lisamine kontole',
  consentBody: 'Et lisada {company} olemasolevale kontole, logi sellele sisse ja vali seal ettevõtte lisamine.',
  consentAsk: 'Oled sisse logitud. Kas soovid lisada {company} oma kontole?',
  consentAdd: 'Lisa {company}',
  refused: 'Seda ei saa ühendada',
  unavailable: 'Praegu vastust ei ole',
  unavailableBody: 'Teenus ei vasta. Midagi ei muudetud; proovi hetke pärast uuesti.',
  failed: 'Midagi läks valesti',
  failedBody: 'Palun proovi uuesti. Kui see kordub, ütle rakenduse tegijatele see number: {id}',
}

const ja: Messages = {
  connected: '{company} に接続しました',
  connectedAs: '{company} の {name} さんとして接続しています。',
  connectedOn: '接続日：{date}',
  continue: '続ける',
  notNow: '今はしない',
  tryAgain: 'もう一度試す',
  denied: '何も接続されていません',
  deniedBody: '許可されなかったため、何も共有されていません。',
  flow: 'ここで始まった手続きではありません',
  flowBody: 'このインストールは、このブラウザーで開始されていないか、開始から 10 分以上経過しています。',
  used: 'すでに完了しています',
  usedBody: 'この手順はすでに行われており、一度しか使えません。',
  taken: '別のアカウントに接続されています',
  takenBody:
    '{company} の {name} さんは、ここでは別のアカウントに属しています。使用または移動するには、そのアカウントにサインインしてください。',
  consent: 'アカウントへの会社の追加',
  consentBody:
    '既存のアカウントに {company} を追加するには、そのアカウントにサインインし、会社の追加を選んでください。',
  consentAsk: 'サインイン済みです。{company} をこのアカウントに追加しますか？',
  consentAdd: '{company} を追加',
  refused: '接続できません',
  unavailable: '現在応答がありません',
  unavailableBody: '接続先のサービスが応答しません。何も変更されていません。しばらくしてからもう一度お試しください。',
  failed: '問題が発生しました',
  failedBody: 'もう一度お試しください。繰り返し起こる場合は、この番号をアプリの開発元にお知らせください：{id}',
}

const ar: Messages = {
  connected: 'تم الربط بـ {company}',
  connectedAs: 'أنت {name} لدى {company}.',
  connectedOn: 'تم الربط في {date}',
  continue: 'متابعة',
  notNow: 'ليس الآن',
  tryAgain: 'حاول مجددًا',
  denied: 'لم يتم ربط أي شيء',
  deniedBody: 'لم تسمح بذلك، فلم تتم مشاركة أي شيء.',
  flow: 'لم يبدأ هذا من هنا',
  flowBody: 'تخص هذه الصفحة عملية تثبيت لم تبدأ في هذا المتصفح، أو بدأت قبل أكثر من عشر دقائق.',
  used: 'تم ذلك من قبل',
  usedBody: 'نُفِّذت هذه الخطوة من قبل، وهي تعمل مرة واحدة فقط.',
  taken: 'مرتبط بحساب آخر',
  takenBody: 'ينتمي {name} لدى {company} إلى حساب آخر هنا. سجّل الدخول إلى ذلك الحساب لاستخدامه أو لنقله.',
  consent: 'إضافة شركة إلى حسابك',
  consentBody: 'لإضافة {company} إلى حساب لديك، سجّل الدخول إليه واختر من هناك إضافة شركة.',
  consentAsk: 'لقد سجّلت الدخول. هل تريد إضافة {company} إلى حسابك؟',
  consentAdd: 'إضافة {company}',
  refused: 'لا يمكن الربط',
  unavailable: 'لا توجد استجابة حاليًا',
  unavailableBody: 'الخدمة لا تستجيب. لم يتغير شيء؛ حاول مجددًا بعد قليل.',
  failed: 'حدث خطأ ما',
  failedBody: 'حاول مجددًا من فضلك. إن تكرر ذلك فأخبر صانعي هذا التطبيق بهذا الرقم: {id}',
}

/** By language; the first is what is shown where none fits. */
export const messages: Readonly<Record<string, Messages>> = { en, fr, de, es, pt, et, ja, ar }
