"""Every word of the complainants' pages, in both languages; the templates hold none."""

from collections.abc import Callable
from typing import Any, Final

from complaints.words import Title

Say = Callable[..., str]
"""Gives the words of a name in one language, its placeholders filled in."""


def speaker(language: str) -> Say:
    """Return what gives the words in ``language`` ("zh-CN" or "en")."""

    def say(name: str, /, **values: Any) -> str:
        words = WORDS[name].word(language)
        return words.format(**values) if values else words

    return say


def _t(zh: str, en: str) -> Title:
    return Title(zh=zh, en=en)


WORDS: Final = {
    # every page
    "skip": _t("跳到正文", "Skip to the content"),
    "language": _t("语言", "Language"),
    "contact": _t("联系我们", "Contact us"),
    "telephone": _t("电话", "Telephone"),
    "email": _t("电子邮箱", "E-mail"),
    "address": _t("地址", "Address"),
    "free": _t(
        "提出投诉不收取任何费用。如有人以“代理投诉”“代理维权”为名向您收费，或者索要您的身份证件、银行卡和验证码，请提高警惕。",
        "Complaining is free of charge. Please be wary of “complaint agents” who charge a fee or ask for your identity "
        "documents, bank card or verification codes.",
    ),
    "error": _t("有误", "Error"),
    "errors_title": _t(
        "还没有提交成功，请先处理以下问题", "It has not been sent yet. Please look at the following first"
    ),
    "choose_files_again": _t(
        "已填写的文字都还在；出于安全考虑，浏览器不会保留已选的文件，请重新选择。",
        "What you typed is still here. For your safety browsers forget chosen files; please choose them again.",
    ),
    "optional": _t("（选填）", "(optional)"),
    "leave_empty": _t("请勿填写此栏", "Leave this empty"),
    # the form
    "form_title": _t("提交投诉、咨询、建议或举报", "Complain, ask, suggest or report"),
    "form_intro": _t(
        "没有注明“选填”的都需要填写。提交后您会得到一个编号和一个专用链接，可以随时查看办理进度。",
        "Please fill in everything that is not marked optional. You will get a reference, and a link of your own under "
        "which you can follow how it is going.",
    ),
    "kind": _t("您要提交的是", "What would you like to do?"),
    "kind_complaint": _t("投诉", "Complain"),
    "kind_complaint_hint": _t(
        "对我们的产品或服务不满意，要求解决", "You are unhappy with a product or service of ours"
    ),
    "kind_consultation": _t("咨询", "Ask a question"),
    "kind_consultation_hint": _t("想了解某项业务或规定", "You would like to know something"),
    "kind_suggestion": _t("建议", "Make a suggestion"),
    "kind_suggestion_hint": _t("希望我们改进", "You have an idea how we could do better"),
    "kind_report": _t("举报", "Report a wrong"),
    "kind_report_hint": _t(
        "反映违法违规行为。可以匿名：姓名和联系方式可以不填",
        "Somebody broke the law or the rules. You may stay anonymous: leave out your name and contact",
    ),
    "about_you": _t("您的信息", "About you"),
    "about_you_hint": _t(
        "用于核实情况和答复您。匿名举报可以不填。",
        "To look into it and to answer you. For an anonymous report leave this out.",
    ),
    "party": _t("您是", "You are"),
    "party_person": _t("个人", "a person"),
    "party_firm": _t("单位", "an organisation"),
    "name": _t("姓名或单位名称", "Your name, or that of the organisation"),
    "reach": _t("怎么联系您", "How we can reach you"),
    "reach_hint": _t(
        "请至少填写一项。填写电子邮箱的，告知书会发到您的邮箱。",
        "Please give at least one. If you give an e-mail address, our letters will go there.",
    ),
    "your_email": _t("电子邮箱", "E-mail address"),
    "phone": _t("电话", "Telephone"),
    "post": _t("通讯地址", "Postal address"),
    "the_matter": _t("事情经过", "What it is about"),
    "product": _t("产品或服务", "Product or service"),
    "product_hint": _t("例如：消费贷款、信用卡", "For example: a personal loan, a credit card"),
    "contract": _t("合同号或账号", "Contract or account number"),
    "happened_on": _t("发生日期", "When it happened"),
    "happened_on_hint": _t(
        "记不清哪一天的可以不填，在上面写明大概时间即可",
        "If you do not remember the day, leave this out and say above roughly when it was",
    ),
    "narrative": _t("发生了什么", "What happened"),
    "narrative_hint": _t(
        "请写明时间、经过和涉及的人员。请不要写银行卡密码或短信验证码。代他人提出的，请说明您与当事人的关系，并附上授权文件。",
        "Please say when, what and who. Do not give passwords or verification codes. If you write for somebody else, "
        "say who you are to them and attach the authority.",
    ),
    "wanted": _t("您的要求", "What you ask for"),
    "amount": _t("涉及金额（人民币元）", "Amount in question (CNY)"),
    "amount_hint": _t("例如：128.50", "For example: 128.50"),
    "files": _t("附件", "Files"),
    "files_hint": _t(
        "照片、扫描件、录音或文件均可，如聊天记录、账单、合同。"
        "最多 {most} 个，每个不超过 {each} MB，合计不超过 {all} MB。",
        "Photographs, scans, recordings or documents, such as chats, statements, contracts. At most {most}, each up to "
        "{each} MB, {all} MB together.",
    ),
    "privacy": _t(
        "您填写的信息只用于办理此事，加密保存。",
        "What you tell us is used to deal with this matter only, and is stored encrypted.",
    ),
    "send": _t("提交", "Send"),
    # after sending
    "sent_title": _t("已收到", "We have received it"),
    "sent_reference": _t("编号", "Reference"),
    "sent_link": _t("您的专用链接", "Your own link"),
    "sent_link_hint": _t(
        "请保存好编号和链接（可截屏或收藏本页）。凭链接可以查看进度、补充材料，请勿转发他人；遗失的，请来电。",
        "Please keep the reference and the link (take a screenshot or a bookmark). With the link you can follow it and "
        "add material; do not pass it on. If you lose it, call us.",
    ),
    "sent_next": _t(
        "您留有电子邮箱的，我们的函件会发到您的邮箱。",
        "If you gave an e-mail address, our letters will go there.",
    ),
    "see_progress": _t("查看办理进度", "See how it is going"),
    # the status page
    "status_title": _t("办理进度", "How it is going"),
    "stage": _t("当前状态", "Where it stands"),
    "next": _t("接下来", "What comes next"),
    "actor": _t("由谁办理", "Who acts next"),
    "dates": _t("重要日期", "Dates"),
    "received_at": _t("收到", "Received"),
    "acknowledged_at": _t("告知受理", "Acknowledged"),
    "answer_due_on": _t("最迟答复", "Answer due by"),
    "answered_at": _t("已答复", "Answered"),
    "closed_at": _t("办结", "Closed"),
    "letters": _t("给您的函件", "Letters to you"),
    "materials_wanted": _t("请您补充的材料", "What we ask you for"),
    "done_materials": _t("已收到您补充的材料，谢谢。", "We have received your material. Thank you."),
    "done_withdrawn": _t(
        "已按您的要求撤回，办理程序即日终止。", "It has been withdrawn; we stop dealing with it today."
    ),
    "done_survey": _t("谢谢您的评价。", "Thank you for your opinion."),
    "done_already": _t(
        "您的评价未能记入：此前已有评价，或回访已经结束。",
        "Your opinion was not recorded: there was one already, or the time for it has passed.",
    ),
    "closed_takes_nothing": _t(
        "此事已经办结，不再通过本页接收材料。有新情况的，请致电{telephone}，或重新提交。",
        "The matter is closed and takes no more material here. If there is something new, call {telephone} or send a "
        "new complaint.",
    ),
    # materials
    "materials_title": _t("补充材料", "Add material"),
    "materials_words": _t("说明", "What you would like to say"),
    "materials_hint": _t(
        "文字和附件至少提供一项。我们已经掌握的材料，您不必再提供。",
        "Write something, attach files, or both. You need not send what we already hold.",
    ),
    "materials_send": _t("提交材料", "Send the material"),
    # withdrawal
    "withdraw_title": _t("撤回", "Withdraw"),
    "withdraw_lead": _t(
        "不再需要我们办理的，可以撤回。", "If you no longer want us to deal with it, you can withdraw."
    ),
    "withdraw_go": _t("我要撤回", "I want to withdraw"),
    "withdraw_question": _t("确定要撤回吗？", "Do you want to withdraw?"),
    "withdraw_consequences": _t(
        "撤回后，办理程序当日终止，我们不再就此事答复您，本页也不再接收材料。撤回不能撤销；但您今后仍可以就同一事项重新提出。",
        "Once you withdraw we stop on the same day: you will get no answer in this matter, and this page takes no more "
        "material. It cannot be undone, but you may bring the same matter to us again later.",
    ),
    "withdraw_pressure": _t(
        "是否撤回由您自己决定。如有人要求您撤回，请先与我们联系。",
        "It is your own choice. If anybody asked you to withdraw, please talk to us first.",
    ),
    "withdraw_words": _t("撤回的原因", "Why you withdraw"),
    "withdraw_confirm": _t("确定撤回", "Yes, withdraw"),
    "withdraw_keep": _t("不撤回，继续办理", "No, go on dealing with it"),
    # the survey
    "survey_title": _t("满意度评价", "Your opinion"),
    "survey_question": _t("您对这次办理是否满意？", "Are you satisfied with how we handled it?"),
    "survey_satisfied": _t("满意", "Satisfied"),
    "survey_neutral": _t("基本满意", "Broadly satisfied"),
    "survey_dissatisfied": _t("不满意", "Dissatisfied"),
    "survey_words": _t("哪些地方我们可以做得更好？", "What could we do better?"),
    "survey_words_hint": _t("不满意的，请写明原因。", "If you are dissatisfied, please tell us why."),
    "survey_send": _t("提交评价", "Send"),
    # what is wrong with a field
    "wrong_kind": _t("请选择您要提交的类别", "Choose what you would like to do"),
    "wrong_party": _t("请选择个人或单位", "Choose whether you are a person or an organisation"),
    "need_name": _t("请填写姓名或单位名称", "Enter your name"),
    "need_contact": _t(
        "请至少填写一种联系方式：电子邮箱、电话或通讯地址", "Enter at least one of e-mail, telephone and address"
    ),
    "need_narrative": _t("请写明发生了什么", "Tell us what happened"),
    "need_materials": _t("请写几句说明，或者选择附件", "Write something, or choose files"),
    "need_satisfaction": _t("请选择满意、基本满意或不满意", "Choose how satisfied you are"),
    "need_reason": _t("请写明不满意的原因，便于我们改进", "Tell us why you are dissatisfied, so that we can do better"),
    "wrong_email": _t(
        "电子邮箱格式不对，应类似 name@example.cn", "Enter an e-mail address that looks like name@example.cn"
    ),
    "wrong_phone": _t("电话号码不对，至少应有 5 位数字", "Enter a telephone number of at least 5 digits"),
    "wrong_post": _t("请填写完整的通讯地址，写在一行内", "Enter a whole postal address, in one line"),
    "wrong_date": _t(
        "日期不对，请写成 2026-03-02 的样子，且不晚于今天",
        "Enter a date such as 2026-03-02 that is not in the future",
    ),
    "wrong_amount": _t("金额不对，请只写数字，最多两位小数，例如 128.50", "Enter an amount in figures, such as 128.50"),
    "too_long": _t(
        "太长了，请控制在 {most} 个字符以内；写不下的可作为附件提交",
        "This is too long: use at most {most} characters; the rest can be sent as a file",
    ),
    "wrong_characters": _t(
        "含有无法处理的控制字符，请删除后重新填写", "This has control characters; delete them and type plain text"
    ),
    "wrong_other": _t("此项无法接收，请修改", "We cannot take this; please change it"),
    "file_refused": _t("附件“{name}”：{reason}", "File “{name}”: {reason}"),
    "file_unnamed": _t("未命名", "without a name"),
    "too_many_files": _t(
        "附件太多，一次最多 {most} 个；其余的可在提交后补充",
        "Too many files: send at most {most} now, the rest afterwards",
    ),
    # why a form was not taken
    "form_expired": _t(
        "本页打开过久，或浏览器未启用 Cookie，无法确认是您本人提交。没有保存任何内容。请核对后再次提交。",
        "The page was open for too long, or your browser takes no cookies, so we could not be sure that it was you. "
        "Nothing was stored. Please check it and send it again.",
    ),
    "form_trapped": _t(
        "这次提交看起来像是由程序自动填写的，因此没有保存任何内容。如果是您本人填写，请稍等几秒后再次提交；"
        "也可以致电{telephone}，或发送邮件至{email}。",
        "This looked as if it had been filled in by a program, so nothing was stored. If it was you, please wait a few "
        "seconds and send it again, or call {telephone}, or write to {email}.",
    ),
    "form_sent_before": _t(
        "本表单已经提交过，编号为{reference}；这次修改的内容没有保存。需要补充的，请到办理进度页提交材料。",
        "This form was sent before, as {reference}; your changes were not stored. To add something, use the page of "
        "its progress.",
    ),
    "form_used": _t(
        "这份表单此前已经提交过一次。如果确要再提交现在的内容，请再次点击提交。",
        "This form was sent once before. If you do want to send what it says now too, send it again.",
    ),
    "too_often": _t(
        "从您的网络提交得过于频繁，这次没有保存任何内容。请在{minutes}分钟后再次提交；急事请致电{telephone}。",
        "Too much has been sent from your network, so nothing was stored this time. Please send it again in {minutes} "
        "minutes; if it is urgent, call {telephone}.",
    ),
    "not_stored": _t(
        "系统暂时无法保存，这次没有保存任何内容。请过几分钟再次提交；急事请致电{telephone}。",
        "It could not be stored just now; nothing was kept. Please send it again in a few minutes; if it is urgent, "
        "call {telephone}.",
    ),
    "too_large": _t(
        "提交的内容过大，没有保存。合计不得超过 {all} MB；请减少附件，其余的可在提交后补充。",
        "It was too large and was not stored. All files together may have {all} MB; send fewer now and the rest "
        "afterwards.",
    ),
    "not_readable": _t(
        "提交的内容不完整或无法读取，没有保存。请返回重新提交，或致电{telephone}。",
        "It came in incomplete or unreadable and was not stored. Please go back and send it again, or call "
        "{telephone}.",
    ),
    # the cases behind a figure of a summary
    "cases_title": _t("数据对应的案件", "The cases behind a figure"),
    "cases_summary": _t(
        "{period}投诉监管报告，第{version}版，台账时点{as_at}（{zone}）",
        "Summary of {period}, version {version}, ledger as at {as_at} ({zone})",
    ),
    "cases_back": _t("返回报告", "Back to the summary"),
    "cases_definitions": _t("统计口径", "What each figure counts"),
    "cases_shown": _t("共{total}件，本页列第{first}至{last}件。", "{first} to {last} of {total} cases."),
    "cases_none": _t("没有对应的案件。", "There are no cases behind it."),
    "cases_reference": _t("编号", "Reference"),
    "cases_kind": _t("事项类型", "Kind"),
    "cases_category": _t("投诉内容类别", "Category"),
    "cases_received": _t("接收日期", "Received"),
    "cases_due": _t("办理期限", "Time limit"),
    "cases_answered": _t("答复日期", "Answered"),
    "cases_closed": _t("结案日期", "Closed"),
    "cases_stage": _t("状态", "State"),
    "cases_late": _t("时限", "In time"),
    "cases_outcome": _t("处理决定", "Decision"),
    "cases_paid": _t("赔偿及退费", "Paid"),
    "cases_is_open": _t("办理中", "open"),
    "cases_is_answered": _t("已答复", "answered"),
    "cases_is_closed": _t("已结案", "closed"),
    "cases_is_late": _t("超期", "late"),
    "cases_in_time": _t("按时", "in time"),
    "cases_pages": _t("翻页", "Pages"),
    "cases_page": _t("第{number}页，共{pages}页", "Page {number} of {pages}"),
    "cases_previous": _t("上一页", "Previous"),
    "cases_next": _t("下一页", "Next"),
    "cases_note": _t(
        "以上为台账时点的情况，不含个人信息；举报事项只列编号。请勿向外转发本页链接。",
        "This is how the cases stood at the ledger's cut-off, without personal data; of whistle-blowing reports only "
        "the reference is shown. Please do not pass this link on.",
    ),
    # pages that say no
    "nothing_here_title": _t("没有找到", "There is nothing here"),
    "nothing_here": _t(
        "链接不完整、有误或已失效。请核对函件中的链接，或致电{telephone}，报上编号查询。",
        "The link is incomplete, wrong or no longer valid. Please compare it with the one in our letter, or call "
        "{telephone} and give the reference.",
    ),
    "wait_title": _t("请稍后再试", "Please try again later"),
    "wait": _t(
        "从您的网络打开错误链接的次数过多。请在{minutes}分钟后再试，或致电{telephone}。",
        "Too many wrong links were opened from your network. Please try again in {minutes} minutes, or call "
        "{telephone}.",
    ),
    "unavailable_title": _t("暂时无法使用", "Not available just now"),
    "unavailable": _t(
        "系统暂时无法使用，请过几分钟再试；急事请致电{telephone}。",
        "The page is not available just now. Please try again in a few minutes; if it is urgent, call {telephone}.",
    ),
}
